/** The steps of a commit, in order. */
export const COMMIT_STEPS = ['processed', 'log committed', 'database written', 'published', 'released'] as const;
export type CommitStep = (typeof COMMIT_STEPS)[number];
