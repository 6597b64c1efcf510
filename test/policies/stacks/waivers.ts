/** Waivers, in force, ended, and wrong. */
import type { Case } from "../preview.ts";

const trust = "kubelet-serving-trust";
const lifetime = "certificate-lifetime";
const program = `
const options = { provider: parts.provider(), labels: { "kubelet-trust/cluster": "prod" } };
parts.kubeadmConfig("silent", options);
parts.kubeletConfig("selfSigned", options);`;
const soon = new Date(Date.now() + 100 * 86_400_000).toISOString().slice(0, 10);
const waiver = (fields: object) => ({
  [trust]: { waivers: [{ reason: "moves to CSRs in spring", ...fields }] },
});

export const waivers: readonly Case[] = [
  {
    name: "in force for a resource: passes, and is told",
    program,
    config: waiver({ resource: "kubelet-config", until: soon }),
    advisory: [lifetime, trust],
    says: [
      `waiver for resource kubelet-config: until ${soon} it leaves out`,
      "moves to CSRs in spring",
    ],
  },
  {
    name: "in force for a cluster: passes, and is told",
    program,
    config: waiver({ cluster: "pr*", until: soon }),
    advisory: [lifetime, trust],
  },
  {
    name: "for another resource: rejected",
    program,
    config: waiver({ resource: "other", until: soon }),
    mandatory: [trust],
    advisory: [lifetime, trust],
    says: [`until ${soon} it leaves out nothing.`],
  },
  {
    name: "for a policy of no such name: rejected, with the one that was meant",
    program,
    config: { "kubelet-serving-truts": { enforcementLevel: "disabled" } },
    mandatory: [trust],
    advisory: [lifetime],
    says: ['there is no policy "kubelet-serving-truts". Did you mean kubelet-serving-trust?'],
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
