/**
 * For each promise of a workflow the SDK notes where it was made, as far as this says, and looks each place up in the source map: with ten
 * places that is more work than all that a workflow does. One says where an error was thrown.
 */
Error.stackTraceLimit = 1
