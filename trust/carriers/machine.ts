/** What a carrier brings to a machine. */

/** One file of a machine. */
export type CarriedFile = {
  /** Absolute. */
  readonly path: string;
  /** Octal text, e.g. `0600`. */
  readonly mode: string;
  /** `user:group`. */
  readonly owner: string;
  /** The text of the file. */
  readonly content: string;
};

/** What a machine starts once its files are there, in this order: the kubelet needs its container runtime. */
export const services = ["containerd.service", "kubelet.service"] as const;
