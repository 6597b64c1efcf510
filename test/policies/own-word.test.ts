/** Our own components: what is deployed is judged, and compared with what they registered. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { isOtherStance } from "../../policies/evidence/registered-stance.ts";
import { readStack } from "../../policies/stack/resource.ts";
import {
  aboutKey,
  digestOf,
  fileListKey,
  hostFilesOutputs,
  hostFilesSecretType,
  machineLabel,
  paths,
  tokens,
  writtenOn,
} from "../../trust/contract.ts";
import { reasonAnnotation, verificationAnnotation } from "../../trust/words/vocabulary.ts";
import { configMap, resource, unknownValue } from "./fake.ts";
import { type Change, ownCluster as cluster, mandatory } from "./own-cluster.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "./stacks/parts.ts";

function bootstrappingNoMore(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value.replace("serverTLSBootstrap: true", "serverTLSBootstrap: false"),
    ]),
  );
}

describe("a cluster of our components", function () {
  this.timeout(60_000);

  it("is as its components say", async () => {
    assert.equal(mandatory(await cluster()), "");
  });

  it("is told where a transform has changed kubeadm's ConfigMap for kubelets", async () => {
    const text = mandatory(
      await cluster((type, props) =>
        type === "kubernetes:core/v1:ConfigMap"
          ? {
              ...props,
              data: pulumi
                .output(props.data as pulumi.Input<Record<string, string>>)
                .apply(bootstrappingNoMore),
            }
          : props,
      ),
    );
    assert.match(text, /why ConfigMap \S+ differs from what KubeletConfigMap/);
    assert.match(text, /doesn't contain any IP SANs/);
  });

  it("is told where a transform has changed what a Secret is", async () => {
    const text = mandatory(
      await cluster((_, props) =>
        props.type === hostFilesSecretType ? { ...props, type: "Opaque" } : props,
      ),
    );
    assert.match(text, /the Secret with the files of w-0/);
  });
});

describe("the stance that a cluster of our components registered", function () {
  this.timeout(60_000);
  const reason = "clients verify through a proxy of ours";
  const skipping = { stance: "skip", skipReason: reason } as const;
  const carriers = ["host-files-cp-0", "kubeadm-config"];
  const skip = { [verificationAnnotation]: "skip", [reasonAnnotation]: reason };
  const bothDiffer = carriers.map(
    (name) =>
      new RegExp(
        `what \\S+ \\S*${name} says of verification differs from what ApiServerKubeletAccess`,
      ),
  );
  /** Changes the annotations of what carries kube-apiserver's flags; `null` takes one away. */
  const annotated =
    (changes: Record<string, string | null>): Change =>
    (_, props) => {
      const metadata = props.metadata as Record<string, unknown> | undefined;
      if (!carriers.includes(String(metadata?.name))) return props;
      const before = metadata?.annotations as Record<string, string> | undefined;
      const annotations = Object.fromEntries(
        Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null),
      );
      return { ...props, metadata: { ...metadata, annotations } };
    };

  it("is what a skip says", async () => {
    assert.equal(mandatory(await cluster(undefined, skipping)), "");
  });

  it("is told where a transform has put a skip on what carries the flags", async () => {
    const text = mandatory(await cluster(annotated(skip)));
    for (const differs of bothDiffer) assert.match(text, differs);
  });

  it("is told where a transform has taken the skip away, and what is left is judged", async () => {
    const text = mandatory(await cluster(annotated({ [verificationAnnotation]: null }), skipping));
    for (const differs of bothDiffer) assert.match(text, differs);
  });

  it("is no other reason, and none that is not known", () => {
    const access = (props: Record<string, unknown>) => {
      const [read] = readStack([resource(tokens.apiServerKubeletAccess, "c", props)]).resources;
      assert.ok(read);
      return read;
    };
    const registered = access({ stance: "skip", annotations: skip });
    assert.equal(isOtherStance(registered, skip), false);
    assert.equal(isOtherStance(registered, { ...skip, [reasonAnnotation]: "nobody asked" }), true);
    assert.equal(isOtherStance(registered, { [verificationAnnotation]: "skip" }), true);
    assert.equal(isOtherStance(registered, undefined), true);
    assert.equal(isOtherStance(access({ stance: "verify", annotations: {} }), {}), false);
    assert.equal(isOtherStance(access({ stance: "verify", annotations: skip }), skip), true);
    assert.equal(isOtherStance(access({ stance: unknownValue, annotations: {} }), {}), true);
  });
});

describe("a machine whose files are known", () => {
  const metadata = {
    name: "host-files-w-0",
    namespace: "kube-system",
    labels: { [machineLabel]: "w-0" },
  };
  const owner = (kubelet: string, flags: readonly string[]) =>
    resource(tokens.hostFiles, "files", {
      [hostFilesOutputs.kubelet]: kubelet,
      [hostFilesOutputs.kubeletFlags]: { "w-0": flags },
      [hostFilesOutputs.commands]: {},
      [hostFilesOutputs.digests]: {
        "w-0": {
          [aboutKey]: digestOf(writtenOn(metadata)),
          [paths.kubeletUnit]: digestOf(unit),
          [paths.kubeletConfiguration]: digestOf(kubelet),
        },
      },
      [hostFilesOutputs.provider]: "urn:provider",
    });
  const flags = [
    `--config=${paths.kubeletConfiguration}`,
    "--kubeconfig=/etc/kubernetes/kubelet.conf",
  ];
  const unit = kubeletUnit().replace(
    "/var/lib/kubelet/kubelet-config.yaml",
    paths.kubeletConfiguration,
  );
  const secret = (parent: PolicyResource, kubelet: string): PolicyResource => ({
    ...resource("kubernetes:core/v1:Secret", "host-files-w-0", {
      type: hostFilesSecretType,
      metadata,
      stringData: {
        [fileListKey]: JSON.stringify([
          { path: paths.kubeletUnit, mode: "0644", owner: "root:root", key: "unit" },
          { path: paths.kubeletConfiguration, mode: "0644", owner: "root:root", key: "config" },
        ]),
        unit,
        config: kubelet,
      },
    }),
    parent,
  });
  const apiServer = configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") });
  const stack = (registered: string, deployed: string) => {
    const component = owner(registered, flags);
    return [component, secret(component, deployed), apiServer];
  };

  it("is judged by what is deployed", () => {
    const same = kubeletConfiguration("selfSigned");
    const text = mandatory(stack(same, same));
    assert.match(text, /doesn't contain any IP SANs/);
    assert.doesNotMatch(text, /differs from what/);
  });

  it("is told where that is not what its component registered", () => {
    const text = mandatory(
      stack(kubeletConfiguration("bootstrap"), kubeletConfiguration("selfSigned")),
    );
    assert.match(text, /doesn't contain any IP SANs/);
    assert.match(
      text,
      /why the KubeletConfiguration of Secret \S+ differs from what its component/,
    );
  });
});
