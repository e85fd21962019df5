/**
 * The one file of these tests that lets real time pass: pollers ask in intervals, as clients do. Nothing waits here for
 * something to have happened; that is what `until` of @signalbox/testing is for.
 */
export const interval = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
