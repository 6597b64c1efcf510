import assert from "node:assert/strict";
import { parse } from "yaml";
import { ApiServerKubeletAccess } from "../../components/api-server-kubelet-access.ts";
import { staticPods } from "../../components/kubeadm/static-pods.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { apiServerStances, keyAlgorithms } from "../../trust/words/vocabulary.ts";
import { plain } from "../support/plain.ts";
import { kubeadmStaticPods, kubernetesPrograms, validateConfiguration } from "./kubeadm.ts";
import { register } from "./mocks.ts";

/** A control plane's access flags and static pods, as Cluster puts them together. */
async function controlPlane(args: { podSubnet?: string; address?: string } = {}) {
  const { address = "10.240.0.10", ...rest } = args;
  const plan = planCluster("dev", {
    controlPlanes: [{ name: "cp-0", addresses: [address] }],
    nodePools: [],
    ...(address.includes(":") ? { serviceSubnet: "fd00:10::/108" } : {}),
    ...rest,
  });
  let access: ApiServerKubeletAccess | undefined;
  await register(() => {
    access = new ApiServerKubeletAccess("dev", { settings: plan.settings });
  });
  assert.ok(access);
  const pods = staticPods({
    settings: plan.settings,
    name: "cp-0",
    advertiseAddress: address,
    members: [{ name: "cp-0", address }],
    signingCertificate: "/etc/kubernetes/pki/ca.crt",
    kubeletAccessFlags: access.flags,
    annotations: access.annotations,
  });
  const host = {
    name: "cp-0",
    advertiseAddress: address,
    clusterConfiguration: plain(access.clusterConfiguration),
  };
  return { pods, host };
}

/** A pod without what differs on purpose (docs/kubeadm-differences.md) or by the machine that kubeadm runs on. */
// biome-ignore lint/suspicious/noExplicitAny: pods as they come
function comparable(pod: any) {
  const { status: _, ...rest } = structuredClone(pod);
  delete rest.metadata.labels["kubelet-trust/cluster"];
  const [container] = rest.spec.containers;
  container.command = container.command
    .filter((flag: string) => !flag.startsWith("--cluster-signing-duration="))
    .sort();
  const ofThisMachine = (entry: { name: string }) => /ca-certificates$/.test(entry.name);
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  for (const [owner, list] of [
    [container, "volumeMounts"],
    [rest.spec, "volumes"],
  ]) {
    owner[list] = owner[list].filter((e: { name: string }) => !ofThisMachine(e)).sort(byName);
  }
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    if (container[probe]?.initialDelaySeconds === 0) delete container[probe].initialDelaySeconds;
  }
  return rest;
}

describe("static pods", () => {
  let kubeadm: string;
  before(async function () {
    this.timeout("20m");
    kubeadm = (await kubernetesPrograms()).kubeadm;
  });

  for (const args of [{}, { podSubnet: "10.244.0.0/16" }]) {
    it(`equal kubeadm's own, given ${JSON.stringify(args)}`, async () => {
      const { pods, host } = await controlPlane(args);
      const theirs = await kubeadmStaticPods(kubeadm, host);
      assert.deepEqual(Object.keys(theirs).sort(), Object.keys(pods).sort());
      for (const [component, { manifest }] of Object.entries(pods)) {
        assert.deepEqual(
          comparable(parse(plain(manifest))),
          comparable(theirs[component]),
          component,
        );
      }
    });
  }

  it("equal kubeadm's own on IPv6, but for the loopback of two programs", async () => {
    const { pods, host } = await controlPlane({ address: "fd00::10" });
    const theirs = await kubeadmStaticPods(kubeadm, host);
    for (const component of ["etcd", "kube-apiserver"] as const) {
      const ours = parse(plain(pods[component].manifest));
      assert.deepEqual(comparable(ours), comparable(theirs[component]), component);
    }
    assert.ok(pods["kube-scheduler"].command.includes("--bind-address=::1"));
  });

  it("state the command line exactly as their manifest does", async () => {
    const { pods } = await controlPlane();
    for (const { command, manifest } of Object.values(pods)) {
      assert.deepEqual(parse(plain(manifest)).spec.containers[0].command, command);
    }
  });
});

describe("ClusterConfiguration", () => {
  let kubeadm: string;
  before(async function () {
    this.timeout("20m");
    kubeadm = (await kubernetesPrograms()).kubeadm;
  });

  for (const stance of apiServerStances) {
    it(`passes kubeadm config validate under stance ${stance}`, async () => {
      for (const keyAlgorithm of keyAlgorithms) {
        const { settings } = planCluster("dev", {
          controlPlanes: [{ name: "cp-0", addresses: ["10.240.0.10"] }],
          nodePools: [],
          podSubnet: "10.244.0.0/16",
          keyAlgorithm,
          stance,
          ...(stance === "skip" ? { skipReason: "a test" } : {}),
        });
        let text = "";
        await register(() => {
          const reason = stance === "skip" ? { skipReason: "a test" } : {};
          text = plain(
            new ApiServerKubeletAccess("dev", { settings, ...reason }).clusterConfiguration,
          );
        });
        assert.equal(await validateConfiguration(kubeadm, text), "ok");
      }
    });
  }

  it("is refused by kubeadm config validate when a field is misspelt", async () => {
    await assert.rejects(
      validateConfiguration(
        kubeadm,
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nclusterNam: x\n",
      ),
      /clusterNam/,
    );
  });
});
