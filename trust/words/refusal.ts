/** Why a program does not start: in its own words, and by what they are about. */
import type { Source } from "./fact.ts";
import type { Remedy } from "./remedy.ts";

/** What kind of thing a program refuses; the value says whether the answer hangs on the program's version. */
export const refusalKinds = {
  "unknown-flag": true,
  "bad-flag-value": true,
  "unexpected-argument": true,
  "prints-and-exits": false,
  "unknown-gate": true,
  "locked-gate": true,
  "gate-dependency": true,
  "bad-gate-value": false,
  "unknown-label": true,
  /** Not an object of this API, or of none. */
  "wrong-kind": false,
  /** A value of another type than the field has. */
  "wrong-type": true,
  /** A value of the right type that this version does not take. */
  "invalid-value": true,
  "unknown-mode": false,
  "unknown-plugin": true,
  "built-in-cloud-provider": true,
  /** serverTLSBootstrap without RotateKubeletServerCertificate. */
  "needs-gate": false,
  "cgroup-v1": true,
  /** Flags that contradict each other. */
  "contradicting-flags": false,
  "missing-file": false,
  "unreadable-file": false,
  "not-a-file": false,
  "empty-file": false,
  "malformed-file": false,
  "half-pair": false,
  "mismatched-pair": false,
  "no-host-name": false,
  "no-kubeconfig": false,
  "no-lock-file": false,
  /** It listens at an address that its machine does not have. */
  "address-elsewhere": false,
  /** Two of its ports are one. */
  "port-in-use": false,
} as const;
export type RefusalKind = keyof typeof refusalKinds;

/** The setting that is to blame: a flag without its dashes, a feature gate, or a field by its path. */
export type RefusalSubject =
  | { readonly flag: string }
  | { readonly gate: string }
  | { readonly field: string };

export type Refusal = {
  /** What it prints as it exits. */
  readonly message: string;
  readonly kind: RefusalKind;
  readonly subject?: RefusalSubject;
  readonly source?: Source;
};

/** A refusal with its ways out, most preferred first. */
export type StopsStart = Refusal & { readonly remedies: readonly Remedy[] };

/** Whether a program starts at all, as far as its flags, gates and configuration decide. */
export type Start =
  | { readonly starts: true }
  | (StopsStart & {
      readonly starts: false;
      /** What would stop it once this is mended, in the order in which it would complain. */
      readonly others: readonly StopsStart[];
    });
