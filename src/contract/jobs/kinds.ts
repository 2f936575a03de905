export const entityKinds = ['SUBSYSTEM', 'COMPONENT', 'INTERFACE', 'SIGNAL', 'RESOURCE'] as const
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
