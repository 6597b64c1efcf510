import type { input } from "@pulumi/kubernetes/types/index.js";
import { getVersion } from "@pulumi/kubernetes/utilities.js";
import * as pulumi from "@pulumi/pulumi";

/** What is registered; a Secret has more. */
export type HostFilesSecretArgs = {
  metadata: input.meta.v1.ObjectMeta;
  type: string;
  /** By key, base64. */
  data: Record<string, pulumi.Input<string>>;
  /** By key, plain. What it is made from is told apart from what `data` is. */
  stringData?: Record<string, pulumi.Input<string>>;
};

/**
 * A Secret as `k8s.core.v1.Secret` registers it, but for one thing: that class makes all data unknown where one value
 * is, and with it the texts by which a machine is judged at the first preview.
 * Source: pulumi-kubernetes `sdk/nodejs/core/v1/secret.ts`.
 */
export class HostFilesSecret extends pulumi.CustomResource {
  constructor(name: string, args: HostFilesSecretArgs, opts: pulumi.CustomResourceOptions) {
    super(
      "kubernetes:core/v1:Secret",
      name,
      { apiVersion: "v1", kind: "Secret", ...args },
      { version: getVersion(), additionalSecretOutputs: ["data", "stringData"], ...opts },
    );
  }
}
