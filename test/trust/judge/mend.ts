/** What a remedy's changes do to a combination of docs/verdicts.md. */
import assert from "node:assert/strict";
import {
  type Combination,
  clientCertificate,
  clusterCA,
  leaf,
  node,
  otherCA,
  at as tableAt,
} from "../../../cli/verdicts-combinations.ts";
import { requestedCertificate } from "../../../trust/programs/kubelet/requested-certificate.ts";
import { selfSigned } from "../../../trust/programs/kubelet/serving-certificate.ts";
import { known, valueOr } from "../../../trust/words/fact.ts";
import type { CertificateFacts } from "../../../trust/words/facts.ts";
import type { Change } from "../../../trust/words/remedy.ts";

type Inputs = Combination["kubelet"] | Combination["apiserver"];

const flagOf: Readonly<Record<string, string>> = {
  serverTLSBootstrap: "--rotate-server-certificates",
  readOnlyPort: "--read-only-port",
  "authentication.anonymous.enabled": "--anonymous-auth",
  "authentication.webhook.enabled": "--authentication-token-webhook",
  "authentication.x509.clientCAFile": "--client-ca-file",
  "authorization.mode": "--authorization-mode",
};

const paths: Readonly<Record<string, string>> = {
  "--kubelet-certificate-authority": "/pki/bundle.crt",
  "authentication.x509.clientCAFile": "/pki/client-ca.crt",
};

function sideOf(change: Change): "kubelet" | "apiserver" {
  return change.side === "kubelet" ? "kubelet" : "apiserver";
}

function on(
  combination: Combination,
  side: "kubelet" | "apiserver",
  change: (inputs: Inputs) => Inputs,
) {
  return { ...combination, [side]: change(combination[side]) } as Combination;
}

function certificates({ files }: Inputs, path: string): readonly CertificateFacts[] {
  const content = files[path];
  return content?.kind === "certificates" ? content.certificates : [];
}

function withFile(inputs: Inputs, path: string, list: readonly CertificateFacts[]): Inputs {
  return {
    ...inputs,
    files: { ...inputs.files, [path]: { kind: "certificates", certificates: list } },
  };
}

function withFlags(inputs: Inputs, ...flags: string[]): Inputs {
  const names = flags.map((flag) => `${flag.split("=")[0]}=`);
  const kept = inputs.flags.filter((flag) => !names.some((name) => flag.startsWith(name)));
  return { ...inputs, flags: [...kept, ...flags] };
}

/** The CA that has signed a certificate, and the cluster's where there is none yet. */
function issuerOf(one: CertificateFacts | undefined): CertificateFacts {
  const signer = one && valueOr(one.signedBy, undefined);
  return signer?.certificateIds?.includes(otherCA.ids[0] ?? "") ? otherCA : clusterCA;
}

/** The CA that has signed what a kubelet is given, and the cluster's where it is given nothing. */
export function servingIssuer({ kubelet }: Combination): CertificateFacts {
  return issuerOf(certificates(kubelet, "/pki/kubelet.crt")[0]);
}

/** A remedy is words first: this does to a combination what its words say. */
export function apply(combination: Combination, change: Change): Combination {
  switch (change.do) {
    case "set":
      return on(combination, sideOf(change), (inputs) =>
        withFlags(inputs, `${flagOf[change.setting] ?? change.setting}=${change.value}`),
      );
    case "remove": {
      const gate = /^featureGates\.(.+)/.exec(change.setting)?.[1];
      const name = gate === undefined ? (flagOf[change.setting] ?? change.setting) : gate;
      return on(combination, sideOf(change), (inputs) => ({
        ...inputs,
        flags: inputs.flags.filter((flag) => !flag.includes(name)),
      }));
    }
    case "trust": {
      const path = paths[change.setting] ?? "";
      const added = {
        servingIssuer: () => [servingIssuer(combination)],
        ownCertificates: () => selfSigned("node-1", tableAt),
        clientIssuer: () => [issuerOf(certificates(combination.apiserver, "/pki/client.crt")[0])],
      }[change.what]();
      return on(combination, sideOf(change), (inputs) =>
        withFlags(
          withFile(inputs, path, [...certificates(inputs, path), ...added]),
          `${flagOf[change.setting] ?? change.setting}=${path}`,
        ),
      );
    }
    case "issue":
      return change.what === "serving" ? issueServing(combination) : issueClient(combination);
    case "approve":
    case "sign":
      return {
        ...combination,
        kubelet: {
          ...combination.kubelet,
          request: { state: "issued", chain: [requestedCertificate(node, clusterCA)] },
        },
      };
    case "bind":
      assert.doesNotMatch(change.user, /^system:(anonymous|unauthenticated)/);
      return {
        ...combination,
        apiserver: {
          ...combination.apiserver,
          rbac: {
            ...combination.apiserver.rbac,
            bindings: [
              ...combination.apiserver.rbac.bindings,
              { name: "bound", role: change.role, subjects: [{ kind: "User", name: change.user }] },
            ],
          },
        },
      };
    case "mendFile":
      return on(combination, "kubelet", (inputs) =>
        withFlags(inputs, "--tls-private-key-file=/pki/kubelet.key"),
      );
    case "saySkip":
      return {
        ...combination,
        apiserver: { ...combination.apiserver, skip: { reason: "the remedy says so" } },
      };
    case "renewOwn":
      return combination;
    case "giveAddress":
      throw new Error("no combination lacks an address");
  }
}

function issueServing(combination: Combination): Combination {
  return on(combination, "kubelet", (inputs) =>
    withFlags(
      withFile(inputs, "/pki/kubelet.crt", [leaf({})]),
      "--tls-cert-file=/pki/kubelet.crt",
      "--tls-private-key-file=/pki/kubelet.key",
    ),
  );
}

function issueClient(combination: Combination): Combination {
  const [before] = certificates(combination.apiserver, "/pki/client.crt");
  const subject = before && valueOr(before.subject, undefined);
  const kept = subject?.commonName
    ? subject
    : { commonName: "kube-apiserver-kubelet-client", organizations: [] };
  return on(combination, "apiserver", (inputs) =>
    withFlags(
      withFile(inputs, "/pki/client.crt", clientCertificate({ subject: known(kept) })),
      "--kubelet-client-certificate=/pki/client.crt",
      "--kubelet-client-key=/pki/client.key",
    ),
  );
}
