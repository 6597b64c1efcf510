/** One call of a kubelet, before it is known what is asked for. */
import type { AuthorizerFacts, CallerFacts, KubeletFacts } from "../words/facts.ts";
import type { Authentication, Credential } from "./authenticate.ts";
import type { PodReference } from "./symptoms.ts";

/** A kubelet with everything about one caller that does not depend on the kind of request. */
export type Call = {
  readonly kubelet: KubeletFacts;
  /** Whose call it is; absent for a stranger's, straight to the kubelet. */
  readonly caller?: CallerFacts;
  readonly authorizer: AuthorizerFacts;
  readonly credential: Credential;
  readonly authentication: Authentication;
  readonly pod: PodReference;
  readonly at: Date;
};
