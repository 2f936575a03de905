import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'
import { escapeMarkdown, evidenceList } from './markdown.ts'
import { issueSchema, ticketSchema } from './shapes.ts'

/** Makes a ticket of one issue. A real one would send it to a tracker, with a secret of the config as its token. */
export const writeTicket = defineJobType({
  jobType: 'write_ticket',
  displayName: 'Write ticket',
  description: 'Writes a ticket for an issue, with its evidence.',
  config: z.strictObject({
    key: z.string().min(1).describe('The name that the ticket goes by, such as PDU-7'),
    issue: issueSchema,
  }),
  nameField: 'key',
  outputs: { ticket: ticketSchema },
  async run({ config: { key, issue }, log, output }) {
    const body = [escapeMarkdown(issue.description), 'Evidence:', evidenceList(issue)].join('\n\n')
    await output.json('ticket', {
      key,
      title: issue.title,
      priority: issue.priority,
      labels: issue.tags,
      body: `${body}\n`,
    })
    log.info(`${key}: ${issue.title}`)
  },
})
