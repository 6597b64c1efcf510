import assert from "node:assert/strict";
import { authenticate, type Credential } from "../../../trust/judge/authenticate.ts";
import { anyAccount, anyUser } from "../../../trust/judge/circles.ts";
import { answer, serves } from "../../../trust/judge/client.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import { requestKinds, works } from "../../../trust/words/verdict.ts";
import { apiServer, at, kubelet } from "../world.ts";

const credentials: readonly Credential[] = [
  { kind: "none" },
  { kind: "token", identity: known(anyUser) },
  { kind: "token", identity: known(anyAccount) },
  { kind: "token", identity: known({ user: "admin", groups: ["system:masters"] }) },
  { kind: "token", identity: unknown("who it is") },
];

const kubelets = [
  "",
  "--anonymous-auth=false",
  "--authentication-token-webhook=false",
  "--authorization-mode=AlwaysAllow --anonymous-auth",
  "--authorization-mode=AlwaysAllow --enable-debugging-handlers=false",
  "--enable-debugging-handlers=false",
  "--enable-debugging-handlers=$UNKNOWN",
  "--authorization-mode=$UNKNOWN",
  "--feature-gates=KubeletFineGrainedAuthz=false",
].map((flags) => kubelet(`--config= ${flags}`));

const apiServers = [
  "--authorization-mode=Node,RBAC",
  "--authorization-mode=RBAC",
  "--authorization-mode=AlwaysAllow",
  "--authorization-mode=AlwaysDeny",
  "--authorization-mode=$UNKNOWN",
].map((flags) => apiServer(flags));

describe("whether a kubelet serves a kind of request", () => {
  it("is whether its answer works, whoever asks and whatever the settings", () => {
    const seen = { true: 0, false: 0 };
    for (const facts of kubelets) {
      for (const server of apiServers) {
        for (const credential of credentials) {
          for (const caller of [undefined, server]) {
            const authentication = authenticate(facts, credential, at);
            const pod = { namespace: "default", name: "pod", container: "main" };
            const call = {
              kubelet: facts,
              authorizer: server,
              credential,
              authentication,
              pod,
              at,
            };
            const asked = caller ? { ...call, caller } : call;
            for (const kind of requestKinds) {
              const does = works(answer(asked, kind).outcome);
              assert.equal(
                serves(asked, kind),
                does,
                `${kind}: ${answer(asked, kind).outcome.reason}`,
              );
              seen[`${does}`]++;
            }
          }
        }
      }
    }
    assert.ok(Math.min(seen.true, seen.false) > 500, JSON.stringify(seen));
  });
});
