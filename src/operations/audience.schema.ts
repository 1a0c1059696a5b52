import * as z from 'zod';
import { SEND_STATUSES } from '../core/deliveries/delivery.ts';
import { lead, leadFilters, success } from '../core/leads/lead.schema.ts';
import { creationNotice, idempotencyKey } from './creations/creating.ts';
import { fieldArguments, listedLead } from './shown-fields.ts';

export const audienceId = z.uuid().describe('UUID of the audience');
export const audienceStatus = z.enum(['building', 'ready', 'error']);
const audienceError = z.string().optional().describe('Why the status is error, or what stopped the building');

export const createAudienceInput = leadFilters.extend({
  name: z.string().trim().min(1).max(200).describe('Name of the audience'),
  description: z.string().trim().max(2_000).optional().describe('What the audience is for'),
  limit: z.int().min(1).max(100_000_000).optional().describe('Take at most this many leads, oldest first'),
  page_size: z.int().min(1).max(100).default(50).describe('Leads on a page of audience.get'),
  idempotency_key: idempotencyKey,
});

export const countAudienceInput = leadFilters;

const reach = z.looseObject({
  reachable: z.int().describe('With a usable contact that is not suppressed; two leads may share one'),
  suppressed: z.int(),
  without_contact: z.int().describe('None, or none that can be used'),
});
const sampleSeed = z.string().optional().describe('Takes the same sample again, as sample_seed');

export const countAudienceOutput = z.looseObject({
  success,
  total_count: z.int(),
  reach: z.looseObject({ email: reach, whatsapp: reach }),
  reads_all_leads: z
    .boolean()
    .describe(
      'No index helps with these filters: every lead is looked at, which takes seconds for a million',
    ),
  sample_seed: sampleSeed,
  example_leads: z.array(lead).describe('Up to 5 of them'),
});

export const createAudienceOutput = z.looseObject({
  success,
  audience_id: z.string(),
  name: z.string(),
  total_count: z.int(),
  total_pages: z.int(),
  page_size: z.int(),
  status: audienceStatus,
  error: audienceError,
  sample_seed: sampleSeed,
  example_leads: z.array(lead).describe('Up to 5 of its leads'),
  notice: creationNotice,
});

export const audienceSummary = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  total_count: z.int(),
  total_pages: z.int(),
  page_size: z.int(),
  status: audienceStatus,
  error: audienceError,
  created_at: z.string(),
});

export const sendStatus = z.enum(SEND_STATUSES);

const audienceLead = listedLead.extend({
  send_status: sendStatus.describe('pending until a send has tried this lead'),
  send_error: z
    .string()
    .nullable()
    .optional()
    .describe('Why it failed or was skipped, or the last error of a pending lead'),
});

export const getAudienceInput = z.object({
  audience_id: audienceId,
  page: z.int().min(1).default(1).describe('1-based page'),
  send_id: z
    .uuid()
    .optional()
    .describe('Whose send_status to show; by default the newest send of the audience'),
  ...fieldArguments,
});

export const getAudienceOutput = z.looseObject({
  success,
  audience_id: z.string(),
  name: z.string(),
  status: audienceStatus,
  error: audienceError,
  send_id: z.string().nullable().describe('The send whose send_status is shown'),
  leads: z.array(audienceLead),
  page: z.int(),
  page_size: z.int(),
  total_pages: z.int(),
  total_count: z.int(),
  has_more: z.boolean(),
});
