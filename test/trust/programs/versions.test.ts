import assert from "node:assert/strict";
import { judge } from "../../../trust/judge/judge.ts";
import type { ApiServerFacts, KubeletFacts } from "../../../trust/words/facts.ts";
import { apiServer, at, kubelet, message } from "../world.ts";

const builtIn =
  'cloud provider \\"aws\\" was specified, but built-in cloud providers are disabled. Please set --cloud-provider=external and migrate to an external cloud provider';

/** Why it is unknown whether a program starts; empty where it is known. */
function doubt({ start }: KubeletFacts | ApiServerFacts): string {
  return start.known ? "" : start.missing;
}

/** Everything that stops a program, and what each remedy is about. */
function refusals({ start }: KubeletFacts | ApiServerFacts): string[] {
  assert.ok(start.known && !start.value.starts);
  return [start.value, ...start.value.others].map(
    ({ kind, remedies: [remedy] }) => `${kind}: ${remedy?.setting}`,
  );
}

describe("--cloud-provider of a kubelet", () => {
  it("stops it in every version of the tables, unless it is external or empty", () => {
    for (const version of ["1.34.0", "v1.34.2", "1.35.2", "1.36.3", "1.37.2"]) {
      assert.equal(
        message(kubelet("--cloud-provider=aws", { configuration: "", version })),
        `run.go:72] "command failed" err="failed to run Kubelet: failed to create kubelet: ${builtIn}"`,
      );
      for (const given of ["external", "''"]) {
        const facts = kubelet(`--cloud-provider=${given}`, { configuration: "", version });
        assert.equal(message(facts) + doubt(facts), "", version);
      }
    }
  });

  it("is undecidable before, where the list of providers was another", () => {
    for (const version of ["1.32.9", "v1.33.0", "1.28.0-rc.1"]) {
      const facts = kubelet("--cloud-provider=aws", { configuration: "", version });
      assert.match(doubt(facts), new RegExp(`^what kubelet ${version} accepts`));
      const { serving } = judge(facts, apiServer(""), { at });
      assert.equal(serving.verdict, "undecidable");
      const external = kubelet("--cloud-provider=external", { configuration: "", version });
      assert.equal(message(external) + doubt(external), "");
    }
  });
});

describe("versions that are older than the tables, or newer", () => {
  it("are undecidable where another version refuses what this one may know", () => {
    for (const version of ["1.20.4", "v1.33.12", "1.38.0", "1.99.1"]) {
      const kubelets = [
        kubelet("--network-plugin=cni", { configuration: "", version }),
        kubelet("--feature-gates=NoSuch=true", { configuration: "", version }),
        kubelet("", { configuration: "featureGates: {NoSuch: true}\n", version }),
        kubelet("", { configuration: "maxPods: many\n", version }),
      ];
      const servers = [
        apiServer("--kubelet-https=true", { version }),
        apiServer("--enable-admission-plugins=PodSecurityPolicy", { version }),
        apiServer("--feature-gates=NoSuch=true", { version }),
      ];
      for (const facts of kubelets) assert.match(doubt(facts), /in none of the tables/);
      for (const facts of servers) assert.match(doubt(facts), /in none of the tables/);
    }
  });

  it("stop where every version does", () => {
    const version = "1.20.4";
    const texts = { "/ca.crt": { kind: "missing" } as const };
    assert.match(
      message(apiServer("--kubelet-certificate-authority=/ca.crt", { version, texts })),
      /open \/ca\.crt: no such file or directory/,
    );
    assert.match(
      message(kubelet("--hostname-override='  '", { configuration: "", version })),
      /empty hostname is invalid/,
    );
  });
});

describe("everything that stops a program", () => {
  it("is told, in its order, with a remedy each", () => {
    assert.deepEqual(
      refusals(
        kubelet("--network-plugin=cni --cloud-provider=aws --node-labels=kubernetes.io/x=y", {
          configuration: "authorization: {mode: None}\nreadOnlyPort: 10250\n",
        }),
      ),
      [
        "unknown-flag: --network-plugin",
        "unknown-label: --node-labels",
        "unknown-mode: authorization.mode",
        "built-in-cloud-provider: --cloud-provider",
        "port-in-use: readOnlyPort",
      ],
    );
    assert.deepEqual(
      refusals(
        apiServer(
          "--kubelet-https=true --cloud-provider=aws --feature-gates=NoSuch=true --authorization-mode=Nodes --enable-admission-plugins=A --kubelet-certificate-authority=/ca.crt",
          { texts: { "/ca.crt": { kind: "missing" } } },
        ),
      ),
      [
        "unknown-flag: --kubelet-https",
        "unknown-flag: --cloud-provider",
        "unknown-gate: featureGates.NoSuch",
        "unknown-mode: --authorization-mode",
        "unknown-plugin: --enable-admission-plugins",
        "missing-file: --kubelet-certificate-authority",
      ],
    );
  });

  it("does not hide how the kubelet would be dialled", () => {
    const { serving, requests } = judge(
      kubelet("--network-plugin=cni", { configuration: "" }),
      apiServer("--kubelet-preferred-address-types=InternalIP"),
      { at },
    );
    assert.equal(serving.verdict, "doesNotStart");
    assert.match(JSON.stringify(requests.logs), /dial tcp 10\.0\.0\.11:10250: connect: connection/);
  });
});
