/**
 * Every remedy that is offered works by itself, whichever a person takes: each combination of docs/verdicts.md is changed
 * by it and judged again. What was closed stays closed, and nothing is granted to strangers.
 */
import assert from "node:assert/strict";
import {
  bundles,
  type Combination,
  clientCertificate,
  clientCombination,
  clients,
  clusterCA,
  dialled,
  doors,
  factsOf,
  grants,
  kubelets,
  leaf,
  node,
  otherCA,
  requests,
  servingCombination,
  at as tableAt,
} from "../../../cli/verdicts-combinations.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { requestedCertificate } from "../../../trust/programs/kubelet/requested-certificate.ts";
import { selfSigned } from "../../../trust/programs/kubelet/serving-certificate.ts";
import { known, valueOr } from "../../../trust/words/fact.ts";
import type { CertificateFacts } from "../../../trust/words/facts.ts";
import type { Change, Remedy } from "../../../trust/words/remedy.ts";
import { type Outcome, type Verdict, works } from "../../../trust/words/verdict.ts";

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

/** A remedy is words first: this does to a combination what its words say. */
function apply(combination: Combination, change: Change): Combination {
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
        servingIssuer: () => [issuerOf(certificates(combination.kubelet, "/pki/kubelet.crt")[0])],
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

function judged(combination: Combination): Verdict {
  const { kubelet, apiserver } = factsOf(combination);
  return judge(kubelet, apiserver, { at: tableAt });
}

/** Applies a remedy; where a program did not start, the first of what is left too. */
function mended(
  combination: Combination,
  of: (verdict: Verdict) => Outcome,
  { changes, text }: Remedy,
): Combination {
  assert.ok(changes.length > 0, `${combination.title}: ${text}`);
  const outcome = of(judged(combination));
  const after = changes.reduce(apply, combination);
  const left = of(judged(after));
  const [next] = left.remedies;
  return outcome.verdict === "doesNotStart" && !works(left) && next
    ? mended(after, of, next)
    : after;
}

/** Every remedy works by itself, whichever a person takes, and opens nothing. How many there were. */
function checkRemedies(combination: Combination, of: (verdict: Verdict) => Outcome): number {
  const before = judged(combination);
  const outcome = of(before);
  if (outcome.verdict === "verified" || outcome.verdict === "skipped") return 0;
  assert.ok(outcome.remedies.length > 0, `${combination.title}: no remedy for ${outcome.reason}`);
  for (const remedy of outcome.remedies) checkRemedy(combination, before, of, remedy);
  return outcome.remedies.length;
}

function checkRemedy(
  combination: Combination,
  before: Verdict,
  of: (verdict: Verdict) => Outcome,
  remedy: Remedy,
): void {
  const outcome = of(before);
  const after = judged(mended(combination, of, remedy));
  const text = `${combination.title}\n  ${outcome.verdict}: ${outcome.reason}\n  ${remedy.text}\n  then ${of(after).verdict}: ${of(after).reason}`;
  assert.ok(works(of(after)), text);
  if (outcome.verdict === "silentlySkipped") {
    assert.notEqual(of(after).verdict, "silentlySkipped", text);
  }
  for (const [now, then] of [
    [after.openToAnyone, before.openToAnyone],
    [after.openToAuthenticated, [...before.openToAuthenticated, ...before.openToAnyone]],
  ] as const) {
    assert.deepEqual(
      now.filter((kind) => !then.includes(kind)),
      [],
      `opens: ${text}`,
    );
  }
}

describe("remedies", () => {
  it("mend the serving side of every combination, each by itself", () => {
    let count = 0;
    for (const { types } of dialled) {
      for (const kubelet of kubelets) {
        for (const bundle of bundles) {
          const combination = servingCombination(kubelet, bundle, types);
          count += checkRemedies(combination, ({ serving }) => serving);
        }
      }
    }
    assert.ok(count >= 90, String(count));
  });

  it("mend the client side of every combination, for every kind of request", () => {
    let count = 0;
    for (const client of clients) {
      for (const door of doors) {
        for (const kind of requests) {
          const combination = clientCombination(client, door);
          count += checkRemedies(combination, (verdict) => verdict.client[kind]);
        }
      }
    }
    assert.ok(count >= 250, String(count));
  });

  it("mend what RBAC does not grant", () => {
    const [, client] = clients;
    const [door] = doors;
    assert.ok(client && door);
    for (const { rbac } of grants) {
      for (const kind of requests) {
        checkRemedies(clientCombination(client, door, rbac), (verdict) => verdict.client[kind]);
      }
    }
  });

  it("grant nothing to anyone who is not known, and dial nothing that was just dialled", () => {
    for (const client of clients) {
      for (const door of doors) {
        const { client: outcomes } = judged(clientCombination(client, door));
        const texts = Object.values(outcomes).flatMap(({ remedies }) =>
          remedies.map(({ text }) => text),
        );
        assert.doesNotMatch(texts.join("\n"), /system:(anonymous|unauthenticated)/);
      }
    }
  });
});
