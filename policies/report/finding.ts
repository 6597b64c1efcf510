/** A finding: one thing that is wrong with one resource, before equal ones are told together. */
import type { Source } from "../../trust/words/fact.ts";
import type { Waiver } from "../config.ts";
import type { Resource } from "../stack/resource.ts";

/** One thing that is wrong with one resource. */
export type Finding = {
  /** Equal for findings of the same cause; those become one violation. */
  readonly cause: string;
  /** What is wrong, in one line without the subject, e.g. `signs its own serving certificate, and ...`. */
  readonly what: string;
  /** What is concerned, as a person calls it: a machine, or a resource. */
  readonly subject: string;
  /** Singular of what subjects are. Default `kubelet`. */
  readonly noun?: string;
  readonly resource: Resource;
  readonly clusterName: string | undefined;
  /** The settings that decide, each with its value. */
  readonly settings?: readonly string[];
  /** Where they stand. */
  readonly sources?: readonly Source[];
  /** What a user would see. */
  readonly symptom?: string | undefined;
  readonly reason?: string | undefined;
  /** What was taken for granted where it was judged, a sentence each. */
  readonly assumed?: readonly string[];
  /** Most preferred first. */
  readonly remedies: readonly string[];
  /** When it differs from the policy's. */
  readonly level?: "mandatory" | "advisory";
  /** A waiver that covered it until its last day. */
  readonly expiredWaiver?: Pick<Waiver, "reason" | "until">;
};
