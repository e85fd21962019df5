import { z } from 'zod';

/**
 * A message that a consumer group could not use and has passed by: key, value and headers as they came, and these
 * headers beside them. The same message may be here more than once.
 */
export const deadLetterHeaders = z.object({
  deadletterreason: z.enum(['unreadable', 'poison']).meta({
    description: 'unreadable: it is no event as described here. poison: it is, but cannot be applied.',
  }),
  deadletterdetail: z.string().meta({ description: 'What exactly was wrong, for people.' }),
  deadlettergroup: z.string().meta({ description: 'The consumer group that passed it by.' }),
  deadlettertopic: z.string().meta({ description: 'Where it came from.' }),
  deadletterpartition: z.string().regex(/^\d+$/),
  deadletteroffset: z.string().regex(/^\d+$/),
});

export type DeadLetterHeaders = z.input<typeof deadLetterHeaders>;
export type DeadLetterReason = DeadLetterHeaders['deadletterreason'];
