import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'
import { escapeMarkdown } from './markdown.ts'
import { coverageSchema, issueSchema } from './shapes.ts'

/** Says why a system must not be released yet. The pipeline runs it only when there is a reason. */
export const holdRelease = defineJobType({
  jobType: 'hold_release',
  displayName: 'Hold release',
  description: 'Writes a notice of what has to be cleared before a release.',
  config: z.strictObject({
    system: z.string(),
    issues: z.array(issueSchema),
    coverage: z.array(coverageSchema),
  }),
  nameField: 'system',
  outputs: { reasons: z.array(z.string()), notice: z.string().describe('Markdown') },
  async run({ config, log, output }) {
    const reasons = [
      ...config.issues.filter(({ priority }) => priority === 'high').map(({ title }) => title),
      ...config.coverage
        .filter(({ status }) => status === 'failed')
        .map(({ requirement, evidence }) => `${requirement} failed its test (${evidence.join(', ')})`),
    ]
    for (const reason of reasons) log.warn(reason)
    await output.json('reasons', reasons)
    const list = reasons.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n')
    await output.text('notice', `# ${escapeMarkdown(config.system)}: release on hold\n\n${list}\n`, {
      mediaType: 'text/markdown; charset=utf-8',
    })
  },
})
