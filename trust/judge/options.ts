/** What a verdict may be asked about beside the pair. */
import type { PodReference } from "./symptoms.ts";

export type JudgeOptions = {
  /** The moment that certificates must be valid at. Default: now. */
  readonly at?: Date;
  /** Whose logs are asked for, as error texts name it. Default: placeholders. */
  readonly pod?: PodReference;
};
