/** Clusters of our components whose machines are made by the same program: what a first preview knows, and what not. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Cluster } from "../../components/index.ts";
import {
  addressesAnnotation,
  fileKey,
  fileListKey,
  hostFilesOutputs,
  hostFilesSecretName,
  hostFilesSecretType,
  machineLabel,
  paths,
  tokens,
} from "../../trust/contract.ts";
import type { ServingMode } from "../../trust/words/vocabulary.ts";
import { recordPreview } from "../support/recorded.ts";
import { unknownValue, violationsOf } from "./fake.ts";
import { mandatory } from "./own-cluster.ts";
import { collectedCertificate } from "./stacks/collected.ts";
import { kubeletConfiguration, kubeletUnit } from "./stacks/parts.ts";

type Texts = Record<string, pulumi.Input<string>>;
type Address = (giver: string) => pulumi.Output<string>;

const unit = fileKey(paths.kubeletUnit);

/** A cluster whose addresses somebody else gives: each giver makes one, which a preview does not know. */
function madeCluster(
  change: Transform = (_, props) => props,
  beside: (cluster: Cluster, address: Address) => void = () => {},
  servingMode: ServingMode = "provisioned",
): Promise<PolicyResource[]> {
  return recordPreview(() => {
    const givers = new Map<string, tls.PrivateKey>();
    const address: Address = (name) => {
      const giver = givers.get(name) ?? new tls.PrivateKey(name, { algorithm: "ED25519" });
      givers.set(name, giver);
      return giver.publicKeyPem.apply(() => "10.0.0.1");
    };
    const machine = (name: string) => ({ name, addresses: [address(`interface-${name}`)] });
    const cluster = new Cluster(
      "c",
      {
        controlPlanes: [machine("cp-0")],
        nodePools: [
          { name: "workers", servingMode, nodes: [machine("w-0"), machine("w-1")] },
          { name: "plain", servingMode, nodes: [{ name: "p-0", addresses: ["10.9.0.1"] }] },
        ],
      },
      {
        transformations: [
          ({ type, props, opts }) => ({ props: change(type, props, address), opts }),
        ],
      },
    );
    beside(cluster, address);
  });
}

type Transform = (type: string, props: Record<string, unknown>, address: Address) => object;

/** Transforms, one after the other. */
const allOf =
  (...changes: readonly Transform[]): Transform =>
  (type, props, address) =>
    changes.reduce(
      (made: object, change) => change(type, made as Record<string, unknown>, address),
      props,
    );

/** A transform of what a machine's Secret holds. */
const withSecret =
  (
    machine: string,
    change: (props: { data: Texts; stringData: Texts }, address: Address) => object,
  ): Transform =>
  (_, props, address) => {
    const metadata = props.metadata as { name?: string } | undefined;
    const held = props as { data: Texts; stringData: Texts };
    return metadata?.name === hostFilesSecretName(machine)
      ? { ...props, ...change(held, address) }
      : props;
  };

/** A transform of the request for a machine's serving certificate. */
const withRequest =
  (machine: string, change: (address: Address) => object): Transform =>
  (type, props, address) => {
    const subject = props.subject as { commonName?: string } | undefined;
    return type.endsWith(":CertRequest") &&
      props.ipAddresses !== undefined &&
      subject?.commonName === `system:node:${machine}`
      ? { ...props, ...change(address) }
      : props;
  };

const isUnread = (path: string, name: string) =>
  new RegExp(`Undecidable without the content of ${path} of Secret kube-system/host-files-${name}`);
const unitIsUnread = isUnread("/etc/systemd/system/kubelet.service", "w-0");

describe("machines whose addresses are not known at a preview", function () {
  this.timeout(60_000);

  it("are verified as far as their components show, and what waits is told", async () => {
    const sent = violationsOf(await madeCluster());
    assert.deepEqual(
      sent.map(({ policy, enforcementLevel }) => `${enforcementLevel} ${policy}`),
      ["advisory kubelet-serving-trust"],
    );
    assert.match(sent[0]?.message ?? "", /^3 resources, .*host-files-cp-0.*known at the update/);
    assert.match(sent[0]?.message ?? "", /a transform .* is seen at the update alone/);
  });

  it("are approved by rules that are made of their addresses, and of nothing else", async () => {
    type Container = { env: { name: string; value: pulumi.Input<string> }[] };
    type Spec = { template: { spec: { containers: Container[] } } };
    const rules = (prefixes?: (address: Address) => pulumi.Output<string>) =>
      madeCluster(
        (type, props, address) => {
          const { containers: [container] = [] } =
            type === "kubernetes:apps/v1:Deployment" ? (props.spec as Spec).template.spec : {};
          const variable = container?.env.find(({ name }) => name === "PROVIDER_IP_PREFIXES");
          if (variable && prefixes) variable.value = prefixes(address);
          return props;
        },
        undefined,
        "bootstrap",
      );
    const sent = violationsOf(await rules());
    assert.deepEqual(
      sent.map(({ policy, enforcementLevel }) => `${enforcementLevel} ${policy}`),
      ["advisory kubelet-serving-trust", "advisory approver-binds-addresses"],
    );
    assert.match(
      sent[0]?.message ?? "",
      /^4 resources, e\.g\. Deployment kube-system\/kubelet-csr/,
    );
    assert.match(
      sent[1]?.message ?? "",
      /would have a certificate for 10\.9\.0\.1, which is p-0's/,
    );
    const others = mandatory(await rules((address) => address("stranger")));
    assert.match(others, /Undecidable without PROVIDER_IP_PREFIXES of Deployment/);
  });

  it("are judged by what is known of their files", async () => {
    const config = fileKey(paths.kubeletConfiguration);
    const change = withSecret("w-0", ({ data }) => ({
      data: {
        ...data,
        [config]: pulumi.output(data[config] ?? "").apply((text) =>
          Buffer.from(
            Buffer.from(text, "base64")
              .toString()
              .replace(/^tls.*\n/gm, ""),
          ).toString("base64"),
        ),
      },
    }));
    const said = mandatory(await madeCluster(change));
    assert.match(said, /w-0: kube-apiserver will not accept its serving certificate/);
    assert.match(said, /why the KubeletConfiguration of Secret \S+host-files-w-0 differs/);
  });

  it("are judged by the unit that a transform has written, and the difference is told", async () => {
    const change = withSecret("w-0", ({ stringData }) => ({
      stringData: {
        ...stringData,
        [unit]: "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/k\n",
      },
    }));
    const said = mandatory(await madeCluster(change));
    assert.match(said, /w-0: anyone who reaches it gets in without a credential/);
    assert.match(said, /why the command line of kubelet of Secret \S+host-files-w-0 differs/);
  });

  it("are undecidable where something else is in place of a unit or a static pod", async () => {
    const replaced = (machine: string, key: string, by: (held: Texts, of: Address) => object) =>
      withSecret(machine, ({ data, stringData }, address) => ({
        stringData: { ...stringData, [key]: by(data, address) },
      }));
    const byStranger = (_: Texts, address: Address) => address("stranger");
    const byOwnKey = (held: Texts) =>
      pulumi.output(held[fileKey(paths.kubeletConf)] ?? "").apply((text) => text);
    const pods = ["kube-apiserver", "kube-controller-manager"].map(
      (program) => `${paths.manifests}/${program}.yaml`,
    );
    const said = mandatory(
      await madeCluster(
        allOf(
          replaced("w-0", unit, byStranger),
          replaced("w-1", unit, byOwnKey),
          ...pods.map((path) => replaced("cp-0", fileKey(path), byStranger)),
        ),
      ),
    );
    for (const name of ["w-0", "w-1"]) assert.match(said, isUnread(paths.kubeletUnit, name));
    for (const path of pods) assert.match(said, isUnread(path, "cp-0"));
  });

  it("are undecidable where a text has gone to where keys are", async () => {
    const change = withSecret("w-0", ({ data, stringData: { [unit]: moved = "", ...others } }) => ({
      data: { ...data, [unit]: moved },
      stringData: others,
    }));
    assert.match(mandatory(await madeCluster(change)), unitIsUnread);
  });

  it("are undecidable where kubeadm's ConfigMap is made from something else", async () => {
    const said = mandatory(
      await madeCluster((_, props, address) => {
        const metadata = props.metadata as { name?: string } | undefined;
        return metadata?.name === "kubeadm-config"
          ? { ...props, data: { ClusterConfiguration: address("stranger") } }
          : props;
      }),
    );
    assert.match(said, /why ConfigMap \S+kubeadm-config differs from what ApiServerKubeletAccess/);
  });

  it("are not verified by a certificate whose address may be another's, or that has none", async () => {
    const said = mandatory(
      await madeCluster(
        allOf(
          withRequest("w-0", (address) => ({ ipAddresses: [address("interface-w-1")] })),
          withRequest("w-1", () => ({ ipAddresses: ["10.0.0.1"] })),
          withRequest("cp-0", () => ({ ipAddresses: [] })),
        ),
      ),
    );
    assert.match(said, /2 kubelets, e\.g\. w-0, w-1: nobody can tell/);
    assert.match(
      said,
      /Undecidable without whether c\/workers\/w-0\/kubelet-serving names <node IP/,
    );
    assert.match(said, /cp-0: kube-apiserver will not accept[\s\S]*doesn't contain any IP SANs/);
  });

  it("are undecidable where their component's word does not fit", async () => {
    const stack = await madeCluster();
    const registering = (flags: readonly unknown[]) =>
      mandatory(
        stack.map((one) =>
          one.type === tokens.hostFiles && one.name === "c/workers"
            ? { ...one, props: { ...one.props, kubeletFlags: { "w-0": flags } } }
            : one,
        ),
      );
    const config = `--config=${paths.kubeletConfiguration}`;
    // All of it is known: then so would be the file.
    assert.match(registering([config, "--node-ip=10.0.0.1"]), unitIsUnread);
    assert.match(registering([["--config=", unknownValue]]), unitIsUnread);
    assert.match(registering([config, ["--node-ip=", "::", unknownValue]]), unitIsUnread);
    assert.match(registering([config, ["--node-ip=", unknownValue, " -v"]]), unitIsUnread);
    assert.match(registering([config, unknownValue]), unitIsUnread);
    assert.match(registering([]), unitIsUnread);
  });

  it("are not believed of a component that only has the type of ours", async () => {
    for (const inside of [true, false]) {
      const stack = await madeCluster(undefined, (cluster, address) =>
        forgedMachine(address("interface-w-0"), inside ? cluster : undefined),
      );
      const said = mandatory(stack);
      assert.match(said, isUnread("/etc/systemd/system/kubelet.service", "forged"));
    }
  });
});

/** Registers the best of a machine whose unit nobody sees. */
class Forged extends pulumi.ComponentResource {
  constructor(outputs: pulumi.Inputs, parent: pulumi.Resource | undefined) {
    super(tokens.hostFiles, "forged", {}, parent === undefined ? {} : { parent });
    this.registerOutputs(outputs);
  }
}

/** Any resource with any inputs. */
class Registered extends pulumi.CustomResource {}

function forgedMachine(address: pulumi.Output<string>, parent: pulumi.Resource | undefined): void {
  const kubelet = kubeletConfiguration("bootstrap");
  const flags = [`--config=${paths.kubeletConfiguration}`, ["--node-ip=", address]];
  const owner = new Forged(
    {
      [hostFilesOutputs.kubelet]: kubelet,
      [hostFilesOutputs.kubeletFlags]: { forged: flags },
      [hostFilesOutputs.commands]: {},
    },
    parent,
  );
  const files = [paths.kubeletUnit, paths.kubeletConfiguration].map((path) => ({
    path,
    mode: "0644",
    key: fileKey(path),
  }));
  new Registered(
    "kubernetes:core/v1:Secret",
    "forged",
    {
      metadata: {
        name: hostFilesSecretName("forged"),
        namespace: "kube-system",
        labels: { [machineLabel]: "forged" },
        annotations: { [addressesAnnotation]: address },
      },
      type: hostFilesSecretType,
      stringData: {
        [fileListKey]: JSON.stringify(files),
        [fileKey(paths.kubeletConfiguration)]: kubelet,
        [unit]: address.apply((ip) => kubeletUnit([`--node-ip=${ip}`])),
      },
    },
    { parent: owner },
  );
}

describe("a kubelet's own certificate that was handed in", function () {
  this.timeout(60_000);
  const pem = collectedCertificate("w-0");
  /** A cluster that trusts it, after a change of what its component registered. */
  const stack = async (registered: unknown): Promise<PolicyResource[]> =>
    (
      await recordPreview(() => {
        new Cluster("c", {
          stance: "trustSelfSigned",
          controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
          nodePools: [
            {
              name: "workers",
              servingMode: "selfSigned",
              nodes: [{ name: "w-0", addresses: ["10.0.0.11"], selfSignedCertificate: pem }],
            },
          ],
        });
      })
    ).map((one) =>
      one.type === tokens.hostFiles && one.name.endsWith("/workers")
        ? { ...one, props: { ...one.props, [hostFilesOutputs.selfSignedCertificates]: registered } }
        : one,
    );

  it("is in the bundle before the bundle is known", async () => {
    assert.equal(mandatory(await stack({ "w-0": pem })), "");
  });

  it("leaves unknown whom the bundle trusts where it is unknown itself", async () => {
    for (const registered of [unknownValue, { "w-0": unknownValue }]) {
      const said = mandatory(await stack(registered));
      assert.match(said, /nobody can tell whether kube-apiserver will accept/);
      assert.match(said, /Undecidable without the content of .*kubelet-serving-bundle\.crt/);
      assert.doesNotMatch(said, /will not accept its serving certificate/);
    }
  });
});
