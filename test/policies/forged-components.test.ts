/** A component's word is nobody's that can be checked: what a machine really gets decides, at the first preview too. */
import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import type { PolicyResource } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import {
  fileKey,
  fileListKey,
  hostFilesOutputs,
  hostFilesSecretName,
  hostFilesSecretType,
  kubeletAccessOutputs,
  machineLabel,
  paths,
  readFileList,
  tokens,
} from "../../trust/contract.ts";
import { recordPreview } from "../support/recorded.ts";
import { type Change, mandatory, ownCluster } from "./own-cluster.ts";
import { kubeletConfiguration } from "./stacks/parts.ts";

type Data = Record<string, pulumi.Output<string>>;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const text = (encoded: string) => Buffer.from(encoded, "base64").toString();
const rewritten = (value: pulumi.Output<string> | undefined, change: (text: string) => string) =>
  pulumi.output(value ?? "").apply((encoded) => base64(change(text(encoded))));

/** A transform of the Secret with a machine's files. */
function withData(
  machine: string,
  change: (data: Data) => pulumi.Input<Record<string, pulumi.Input<string>>>,
): Change {
  return (_, props) => {
    const metadata = props.metadata as { name?: string } | undefined;
    return metadata?.name === hostFilesSecretName(machine)
      ? { ...props, data: change(props.data as Data) }
      : props;
  };
}

/** A transform of one file of a machine. */
const withFile = (machine: string, path: string, change: (text: string) => string) =>
  withData(machine, (data) => ({
    ...data,
    [fileKey(path)]: rewritten(data[fileKey(path)], change),
  }));

/** A transform that adds a file to a machine. */
const withMore = (machine: string, path: string, content: string) =>
  withData(machine, (data) => ({
    ...data,
    [fileListKey]: rewritten(data[fileListKey], (list) =>
      JSON.stringify([...(readFileList(list) ?? []), { path, mode: "0644", key: fileKey(path) }]),
    ),
    [fileKey(path)]: base64(content),
  }));

const apiServerManifest = `${paths.manifests}/kube-apiserver.yaml`;

/** Somebody's certificate beside the cluster. */
function strangersCertificate(): pulumi.Output<string> {
  const key = new tls.PrivateKey("stranger", { algorithm: "RSA" });
  return new tls.SelfSignedCert("stranger", {
    privateKeyPem: key.privateKeyPem,
    isCaCertificate: true,
    allowedUses: ["cert_signing"],
    subject: { commonName: "kubernetes" },
    validityPeriodHours: 24,
  }).certPem;
}

describe("what a transform has made of a machine's files", function () {
  this.timeout(60_000);

  it("is not known where all of it was made anew, and rejected", async () => {
    const anew = withData("w-0", (data) => pulumi.output(data).apply((same) => ({ ...same })));
    assert.match(
      mandatory(await ownCluster(anew)),
      /the files of Secret kube-system\/host-files-w-0, which are not known yet/,
    );
  });

  it("is judged: a KubeletConfiguration", async () => {
    const said = mandatory(
      await ownCluster(
        withFile("w-0", paths.kubeletConfiguration, (yaml) =>
          yaml.replace("serverTLSBootstrap: true", "serverTLSBootstrap: false"),
        ),
      ),
    );
    assert.match(said, /doesn't contain any IP SANs/);
    assert.match(said, /why the KubeletConfiguration of Secret \S+host-files-w-0 differs/);
  });

  it("is judged: a drop-in of the kubelet's unit", async () => {
    const open = "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --kubeconfig=/k\n";
    const path = `${paths.kubeletUnit}.d/10-own.conf`;
    const said = mandatory(await ownCluster(withMore("w-0", path, open)));
    assert.match(said, /w-0: anyone who reaches it gets in without a credential/);
    assert.match(
      said,
      /why the command line of kubelet and the list of files of Secret \S+host-files-w-0 differ from/,
    );
    assert.match(
      said,
      /Or: +Where pulumi --target leaves it as it was deployed, name it as a target/,
    );
    assert.equal(said.match(/ what its component registered\.\n/g)?.length, 1);
  });

  it("is judged: kube-apiserver's flags, which two components registered", async () => {
    const said = mandatory(
      await ownCluster(
        withFile("cp-0", apiServerManifest, (yaml) =>
          yaml.replace(/.*--kubelet-certificate-authority=.*\n/, ""),
        ),
      ),
    );
    assert.match(
      said,
      /why the command line of kube-apiserver of Secret \S+host-files-cp-0 differs/,
    );
    assert.match(said, /why kube-apiserver's flags in Secret \S+cp-0 differ from what ApiServer/);
  });

  it("is judged: a second kube-apiserver behind the first", async () => {
    const other = "apiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec:\n  containers:\n";
    const container = "  - {name: a, image: a, command: [kube-apiserver]}\n";
    const said = mandatory(
      await ownCluster(
        withFile("cp-0", apiServerManifest, (yaml) => `${yaml}\n---\n${other}${container}`),
      ),
    );
    assert.match(
      said,
      /why the command line of kube-apiserver of Secret \S+host-files-cp-0 differs/,
    );
  });

  it("is not what a component says where somebody else's certificate went into it", async () => {
    const ca = fileKey(paths.ca);
    const requesting = { controlPlaneServingMode: "bootstrap" } as const;
    assert.equal(mandatory(await ownCluster(undefined, requesting)), "");
    const said = mandatory(
      await ownCluster(
        withData("cp-0", (data) => ({ ...data, [ca]: strangersCertificate().apply(base64) })),
        requesting,
      ),
    );
    assert.match(said, /the content of \/etc\/kubernetes\/pki\/ca\.crt, which is not known before/);
  });

  it("is not known where a file that starts a program is not", async () => {
    const unit = fileKey(paths.kubeletUnit);
    const said = mandatory(
      await ownCluster(
        withData("w-0", (data) => ({ ...data, [unit]: strangersCertificate().apply(base64) })),
      ),
    );
    assert.match(said, /the content of \/etc\/systemd\/system\/kubelet\.service of Secret/);
  });

  it("is missed where the Secret is no child of its component any more", async () => {
    const stack = (await ownCluster()).map((resource): PolicyResource => {
      if (!resource.name.endsWith("/w-0") || !resource.type.endsWith(":Secret")) return resource;
      const { parent: _parent, ...rest } = resource;
      return rest;
    });
    assert.match(mandatory(stack), /the Secret with the files of w-0/);
  });
});

/** A component of any type that registers whatever it is told to. */
class Forged extends pulumi.ComponentResource {
  constructor(type: string, name: string, outputs: pulumi.Inputs, parent?: pulumi.Resource) {
    super(type, name, {}, parent === undefined ? {} : { parent });
    this.registerOutputs(outputs);
  }
}

const goodFlags = [
  `--config=${paths.kubeletConfiguration}`,
  "--hostname-override=w-0",
  `--kubeconfig=${paths.kubeletConf}`,
];

/** A machine whose component says the best of it, and whose files nobody sees. */
function forgedMachine(parent?: pulumi.Resource): Forged {
  const owner = new Forged(
    tokens.hostFiles,
    "forged",
    {
      [hostFilesOutputs.kubelet]: kubeletConfiguration("bootstrap"),
      [hostFilesOutputs.kubeletFlags]: { "w-0": goodFlags },
      [hostFilesOutputs.commands]: {},
    },
    parent,
  );
  const key = new tls.PrivateKey("any", { algorithm: "RSA" }, { parent: owner });
  new k8s.core.v1.Secret(
    "forged/w-0",
    {
      metadata: {
        name: hostFilesSecretName("w-0"),
        namespace: "kube-system",
        labels: { [machineLabel]: "w-0" },
      },
      type: hostFilesSecretType,
      data: key.privateKeyPem.apply((pem) => ({ [fileListKey]: pem })),
    },
    { parent: owner },
  );
  return owner;
}

const silentConfiguration = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";

/** kube-apiserver's side as it is, under a component that says another. */
function forgedAccess(parent?: pulumi.Resource): Forged {
  const owner = new Forged(
    tokens.apiServerKubeletAccess,
    "forged-access",
    {
      [kubeletAccessOutputs.stance]: "verify",
      [kubeletAccessOutputs.flags]: [`--kubelet-certificate-authority=${paths.ca}`],
      [kubeletAccessOutputs.annotations]: {},
    },
    parent,
  );
  new k8s.core.v1.ConfigMap(
    "forged-access",
    {
      metadata: { name: "kubeadm-config", namespace: "kube-system" },
      data: { ClusterConfiguration: silentConfiguration },
    },
    { parent: owner },
  );
  return owner;
}

describe("a component that only has the type of ours", function () {
  this.timeout(60_000);

  it("is not believed about a machine whose files are not known", async () => {
    for (const inside of [false, true]) {
      const stack = await ownCluster(undefined, {}, (cluster) => {
        forgedMachine(inside ? cluster : undefined);
      });
      assert.match(
        mandatory(stack),
        /the files of Secret kube-system\/host-files-w-0, which are not known yet/,
      );
    }
  });

  it("is not believed about kube-apiserver's flags", async () => {
    const alone = mandatory(await recordPreview(() => void forgedAccess()));
    assert.match(alone, /signs its own serving certificate/);
    const beside = mandatory(
      await ownCluster(undefined, {}, (cluster) => void forgedAccess(cluster)),
    );
    assert.match(beside, /why kube-apiserver's flags in Secret \S+cp-0 differ from what ApiServer/);
    assert.match(
      beside,
      /why ConfigMap \S+kubeadm-config differs from what ApiServerKubeletAccess/,
    );
  });

  it("keeps no ConfigMap from being read that says what no machine has", async () => {
    const stack = await recordPreview(() => {
      const owner = new Forged(tokens.cluster, "forged-cluster", { clusterName: "c" });
      forgedAccess(owner);
      forgedMachine(owner);
      const configuration = new Forged(tokens.kubeletConfigMap, "forged-config", {}, owner);
      new k8s.core.v1.ConfigMap(
        "kubelet-config",
        {
          metadata: { name: "kubelet-config", namespace: "kube-system" },
          data: { kubelet: kubeletConfiguration("bootstrap") },
        },
        { parent: configuration },
      );
    });
    const said = mandatory(stack);
    assert.match(said, /^ConfigMap kube-system\/kubelet-config: /m);
    assert.match(said, /host-files-w-0, which are not known yet/);
  });
});
