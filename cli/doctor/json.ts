/** A diagnosis as JSON (docs/doctor.md): a judgement's document, and what was seen beside it. */
import type { CertificateFacts } from "../../trust/words/facts.ts";
import { jsonText, toJson } from "../json.ts";
import type { Client } from "./connect.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { issuerOf } from "./print.ts";

/** The document of `judge` with `seen`, `requests`, `nearEnd`, `likely` and `notSeen`. */
export function toDocument(
  diagnosis: Diagnosis,
  { context, server }: Pick<Client, "context" | "server">,
): string {
  const { judgement, likely, seen, requests, nearEnd, unseen } = diagnosis;
  const document = {
    ...(JSON.parse(toJson(judgement)) as object),
    schema: "kubelet-trust/doctor/v1",
    context,
    server,
    likely: likely.map(({ pair, from }) => ({
      kubelet: pair.kubelet.label,
      apiserver: pair.apiServer.facts.label,
      if: from,
      serving: pair.verdict.serving,
    })),
    seen: seen.map(({ node, presented, called }) => ({
      node,
      ...(presented && { presented: presented.map(certificateOf) }),
      ...(called && { configz: called }),
    })),
    requests,
    nearEnd,
    notSeen: unseen,
  };
  return jsonText(document);
}

function certificateOf(certificate: CertificateFacts) {
  const { label, subject, dnsNames, ipAddresses, notBefore, notAfter } = certificate;
  return {
    label,
    issuer: issuerOf(certificate),
    ...(subject.known && { commonName: subject.value.commonName }),
    ...(dnsNames.known && { dnsNames: dnsNames.value }),
    ...(ipAddresses.known && { ipAddresses: ipAddresses.value }),
    ...(notBefore.known && { notBefore: notBefore.value }),
    ...(notAfter.known && { notAfter: notAfter.value }),
  };
}
