/** Our components in every serving mode under every stance that they allow. */
import type { Case } from "../preview.ts";
import { collectedCertificate } from "./collected.ts";

const collected = collectedCertificate("w-0");
const handedIn = `, selfSignedCertificate: ${JSON.stringify(collected)}`;

const verified = "kubelet-serving-verified";
const lifetime = "certificate-lifetime";
/** The approver's prefixes hold the node that requests, and a control plane could ask for its address. */
const borrowed = "approver-binds-addresses";

const program = (mode: string, more: string, node = "") => `
new Cluster("c", {
  controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
  nodePools: [
    { name: "workers", servingMode: "${mode}", nodes: [{ name: "w-0", addresses: ["10.0.0.11"]${node} }] },
  ],
  ${more}
}, { providers: [parts.provider()] });`;

export const ours: readonly Case[] = [
  {
    name: "self-signing under trustSelfSigned, with the collected certificate: verified, and nobody renews",
    program: program("selfSigned", 'stance: "trustSelfSigned"', handedIn),
    advisory: [lifetime],
  },
  {
    name: "provisioned under trustSelfSigned: the bundle has the CA too, and is verified",
    program: program("provisioned", 'stance: "trustSelfSigned"'),
  },
  {
    name: "bootstrap under trustSelfSigned: the bundle has the CA too, and is verified",
    program: program("bootstrap", 'stance: "trustSelfSigned"'),
    advisory: [borrowed],
  },
  {
    name: "provisioned under verify: verified at the first preview",
    program: program("provisioned", ""),
  },
  {
    name: "bootstrap under verify: verified",
    program: program("bootstrap", ""),
    advisory: [borrowed],
  },
  {
    name: "provisioned under skip: an acknowledged skip stays in sight",
    program: program("provisioned", 'stance: "skip", skipReason: "a test"'),
    advisory: [verified],
  },
  {
    name: "bootstrap under skip: an acknowledged skip stays in sight",
    program: program("bootstrap", 'stance: "skip", skipReason: "a test"'),
    advisory: [borrowed, verified],
  },
  {
    name: "self-signing under skip: an acknowledged skip, and nobody renews",
    program: program("selfSigned", 'stance: "skip", skipReason: "a test"'),
    advisory: [verified, lifetime],
  },
];
