/** Waivers, in force, ended, and wrong. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const lifetime = "certificate-lifetime";
const program = `
const options = { provider: parts.provider(), labels: { "kubelet-trust/cluster": "prod" } };
parts.kubeadmConfig("silent", options);
parts.kubeletConfig("selfSigned", options);`;
const waiver = (fields: object) => ({
  [trust]: { waivers: [{ reason: "moves to CSRs in spring", ...fields }] },
});

export const waivers: readonly Case[] = [
  {
    name: "in force for a resource: passes",
    program,
    config: waiver({ resource: "kubelet-config", until: "2999-01-31" }),
    advisory: [lifetime],
  },
  {
    name: "in force for a cluster: passes",
    program,
    config: waiver({ cluster: "pr*", until: "2999-01-31" }),
    advisory: [lifetime],
  },
  {
    name: "for another resource: rejected",
    program,
    config: waiver({ resource: "other", until: "2999-01-31" }),
    mandatory: [trust],
    advisory: [lifetime],
  },
  {
    name: "ended: rejected, and says so",
    program,
    config: waiver({ cluster: "prod", until: "2026-01-31" }),
    mandatory: [trust],
    advisory: [lifetime],
    says: ["The waiver for this (moves to CSRs in spring) expired on 2026-01-31."],
  },
];
