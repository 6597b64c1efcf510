/** CertificateSigningRequests of kubelets that ask for a serving certificate. */
import type { ServingRequest } from "../words/facts.ts";
import { decodeBase64 } from "./encoding.ts";
import type { ObjectFormat } from "./format.ts";
import { readPem } from "./pem.ts";
import type { Origin } from "./piece.ts";
import { asList, asObject, asText, type JsonObject } from "./yaml.ts";

const signer = "kubernetes.io/kubelet-serving";

export const certificateRequest: ObjectFormat = {
  name: "CertificateSigningRequest",
  about: `a node's request to signer \`${signer}\`, and what became of it`,
  recognises: ({ kind }) => kind === "CertificateSigningRequest",
  read: (object, origin) => {
    const spec = asObject(object.spec);
    const node = /^system:node:(.+)$/.exec(asText(spec?.username) ?? "")?.[1];
    const created = new Date(asText(asObject(object.metadata)?.creationTimestamp) ?? "");
    if (spec?.signerName !== signer || node === undefined || Number.isNaN(created.getTime())) {
      return { pieces: [], inner: [] };
    }
    const request = stateOf(asObject(object.status) ?? {}, origin);
    return { pieces: [{ kind: "request", origin, node, created, request }], inner: [] };
  },
};

/**
 * What has become of a request. A denial beats an approval, and nothing is signed that failed.
 * Source: kubernetes `pkg/controller/certificates/certificate_controller_utils.go`, `signer/signer.go`.
 */
function stateOf(status: JsonObject, origin: Origin): ServingRequest {
  const conditions = asList(status.conditions).map((one) => asObject(one) ?? {});
  const condition = (type: string) => conditions.find((one) => one.type === type);
  const denied = condition("Denied");
  if (denied) return { state: "denied", ...because(denied) };
  if (!condition("Approved")) return { state: "pending" };
  const failed = condition("Failed");
  if (failed) return { state: "neverIssued", ...because(failed) };
  const encoded = asText(status.certificate) ?? "";
  const pem = Buffer.from(decodeBase64(encoded) ?? []).toString("utf8");
  const { certificates: chain } = readPem(pem, origin.source);
  return chain.length === 0 ? { state: "neverIssued" } : { state: "issued", chain };
}

function because({ reason, message }: JsonObject): { readonly because?: string } {
  const text = [asText(reason), asText(message)].filter((one) => one !== undefined && one !== "");
  return text.length === 0 ? {} : { because: text.join(": ") };
}
