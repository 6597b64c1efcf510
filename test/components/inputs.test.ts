import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { Cluster, type ClusterArgs, type MachineArgs, NodePool } from "../../components/index.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { type Registered, register } from "./mocks.ts";
import { selfSigned } from "./openssl.ts";

/** Everything that a cloud may give, in plain. */
const kubelet = selfSigned({
  subject: "/CN=own-0",
  days: 30,
  extensions: ["subjectAltName=DNS:own-0"],
});
const base: ClusterArgs = {
  controlPlaneEndpoint: "api.example.org",
  controlPlanes: [
    { name: "cp-0", addresses: ["10.240.0.10"] },
    { name: "cp-1", addresses: ["10.240.0.12", { type: "ExternalIP", address: "203.0.113.12" }] },
  ],
  nodePools: [
    {
      name: "workers",
      nodes: [
        {
          name: "worker-0",
          addresses: ["10.240.0.11", { type: "InternalDNS", address: "w.example.org" }],
        },
      ],
    },
    {
      name: "burst",
      servingMode: "bootstrap",
      nodes: [{ name: "burst-0", addresses: ["10.240.0.21", "fd00::21"] }],
    },
  ],
  nodesOfOtherStacks: [{ name: "far-0", addresses: ["10.240.0.31"] }],
};
const selfSigning: ClusterArgs = {
  ...base,
  stance: "trustSelfSigned",
  nodePools: [
    ...base.nodePools,
    {
      name: "own",
      servingMode: "selfSigned",
      nodes: [
        {
          name: "own-0",
          addresses: ["10.240.0.41"],
          selfSignedCertificate: kubelet.certPem,
        },
      ],
    },
  ],
};

type Change = <T>(value: T) => pulumi.Input<T>;

/** The same cluster, with `change` made to each value that may be an Output. */
function given(args: ClusterArgs, change: Change, list: Change = (value) => value): ClusterArgs {
  const one = ({
    addresses = [],
    selfSignedCertificate: pem,
    ...rest
  }: MachineArgs): MachineArgs => ({
    ...rest,
    addresses: list(
      (addresses as readonly (string | { type: "ExternalIP"; address: string })[]).map((entry) =>
        typeof entry === "string"
          ? change(entry)
          : { type: entry.type, address: change(entry.address) },
      ),
    ),
    ...(pem === undefined ? {} : { selfSignedCertificate: change(pem) as pulumi.Input<string> }),
  });
  const { controlPlaneEndpoint: endpoint, nodesOfOtherStacks = [] } = args;
  return {
    ...args,
    ...(endpoint === undefined ? {} : { controlPlaneEndpoint: change(endpoint) as string }),
    controlPlanes: args.controlPlanes.map(one),
    nodePools: args.nodePools.map((pool) => ({ ...pool, nodes: pool.nodes.map(one) })),
    nodesOfOtherStacks: nodesOfOtherStacks.map(one),
  };
}

const later: Change = (value) => pulumi.output(value) as never;
const promised: Change = (value) => Promise.resolve(value);

const build = (args: ClusterArgs) => register(() => new Cluster("c", args));
const inOrder = (made: readonly Registered[]) =>
  [...made].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
/** Texts that wait for an address are in `stringData`, which Kubernetes stores as `data`. */
const asStored = ({ inputs: { stringData, ...inputs }, ...rest }: Registered): Registered =>
  stringData === undefined
    ? { ...rest, inputs }
    : {
        ...rest,
        inputs: {
          ...inputs,
          data: {
            ...inputs.data,
            ...Object.fromEntries(
              Object.entries<string>(stringData).map(([key, text]) => [
                key,
                Buffer.from(text).toString("base64"),
              ]),
            ),
          },
        },
      };
const keyOf = ({ type, name, inputs }: Registered) => `${type} ${name} ${inputs.metadata?.name}`;

/** What a plan says when it is made, or the error that waits in its first machine's addresses. */
function saidAtOnce(args: ClusterArgs): string {
  try {
    planCluster("c", args);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error));
    return error.message;
  }
  return "";
}

async function saidLater(args: ClusterArgs): Promise<string> {
  const [{ addresses = [] } = {}] = planCluster("c", args).machines;
  const waiting = pulumi.output(addresses) as unknown as { promise: () => Promise<unknown> };
  return waiting.promise().then(
    () => "",
    (error: Error) => error.message,
  );
}

describe("addresses and certificates as Outputs", () => {
  it("make what plain ones make", async () => {
    const stored = async (args: ClusterArgs) => inOrder(await build(args)).map(asStored);
    const plain = await stored(selfSigning);
    assert.deepEqual(await stored(given(selfSigning, promised)), plain);
    assert.deepEqual(await stored(given(selfSigning, later, later)), plain);
  });

  const worker = (...addresses: string[]): Partial<ClusterArgs> => ({
    nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses }] }],
  });
  const refused: Record<string, Partial<ClusterArgs>> = {
    "an address that is none": worker("10.240.0.300"),
    "the same address twice": worker("10.240.0.11", "::ffff:10.240.0.11"),
    "an address of two machines": worker("10.240.0.10"),
    "an address of a service": worker("10.96.0.7"),
    "no address at all": worker(),
    "a DNS name that is none": {
      nodePools: [
        {
          name: "w",
          nodes: [
            { name: "w-0", addresses: ["10.240.0.9", { type: "InternalDNS", address: "W_0" }] },
          ],
        },
      ],
    },
    "a Hostname that is another": {
      nodePools: [
        {
          name: "w",
          nodes: [{ name: "w-0", addresses: ["10.240.0.9", { type: "Hostname", address: "x" }] }],
        },
      ],
    },
    "services of another family than kube-apiserver": { serviceSubnet: "fd00:10::/108" },
    "an endpoint that is none": { controlPlaneEndpoint: "https://x" },
    "a certificate of another machine": {
      ...selfSigning,
      nodePools: [
        {
          name: "own",
          servingMode: "selfSigned",
          nodes: [
            {
              name: "own-1",
              addresses: ["10.240.0.42"],
              selfSignedCertificate: kubelet.certPem,
            },
          ],
        },
      ],
    },
    "several mistakes at once": { ...worker("x", "10.96.0.7"), controlPlaneEndpoint: "a b" },
  };
  for (const [what, more] of Object.entries(refused)) {
    it(`are refused in the same words, for ${what}`, async () => {
      const args = { ...base, nodePools: [], ...more };
      const said = saidAtOnce(args);
      assert.notEqual(said, "");
      // What is plain in it is told at once, e.g. that a list is empty.
      for (const wanted of [given(args, later), given(args, later, later)]) {
        assert.equal(saidAtOnce(wanted) || (await saidLater(wanted)), said);
      }
    });
  }

  it("are refused together with what is wrong elsewhere, once that is known too", async () => {
    const [known, open] = [worker("x"), worker("10.240.0.10")].map((more) => ({
      ...base,
      ...more,
    }));
    assert.match(saidAtOnce(known as ClusterArgs), /"x" is no IP address/);
    const args = { ...given(open as ClusterArgs, later), controlPlanes: base.controlPlanes };
    assert.equal(saidAtOnce(args), "");
    const [{ addresses } = { addresses: [] }] = planCluster("c", args).pools[0]?.machines ?? [];
    const waiting = pulumi.output(addresses) as unknown as { promise: () => Promise<unknown> };
    await assert.rejects(
      waiting.promise(),
      /10\.240\.0\.10 is an InternalIP of controlPlanes\[0\] too/,
    );
  });

  it("keep what waits for them from being made", async () => {
    const made = await build(given({ ...base, ...worker("10.240.0.300") }, later));
    const waiting = made.filter(
      ({ type, name }) => /:(CertRequest|Secret)$/.test(type) && name.includes("w-0"),
    );
    assert.deepEqual(
      waiting.map(({ name }) => name),
      ["c/w/w-0/kubelet-client"],
    );
  });

  it("are as secret as they were, and not told when they are refused", async () => {
    const secret: Change = (value) => pulumi.secret(value) as never;
    const plan = planCluster("c", given(base, secret));
    const [{ addresses } = { addresses: [] }] = plan.machines;
    assert.equal(await pulumi.isSecret(pulumi.output(addresses)), true);
    assert.equal(await pulumi.isSecret(pulumi.output(plan.settings.controlPlaneEndpoint)), true);
    const said = await saidLater(given({ ...base, ...worker("10.240.0.300") }, secret));
    assert.match(said, /addresses\[0\]: "\[secret\]" is no IP address/);
  });

  it("depend on nothing but what they come from", async () => {
    let resources: string[] = [];
    await register(() => {
      const vm = (name: string) =>
        pulumi.output(new pulumi.ComponentResource("test:index:Vm", name).urn);
      const from = (name: string, address: string) => vm(name).apply(() => address);
      const plan = planCluster("c", {
        controlPlanes: [{ name: "cp-0", addresses: [from("a", "10.240.0.10")] }],
        nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: [from("b", "10.240.0.11")] }] }],
      });
      const addresses = plan.machines[0]?.addresses ?? [];
      const [address] = addresses as unknown as { address: unknown }[];
      const { resources: behind } = (address?.address ?? {}) as { resources: () => Set<unknown> };
      resources = [...behind()].map((one) => (one as { __name: string }).__name);
    });
    assert.deepEqual(resources, ["a"]);
  });

  it("are checked in a pool of its own too", async () => {
    const { settings } = planCluster("c", { ...base, nodePools: [] });
    const ca = selfSigned({
      subject: "/CN=ca",
      days: 9000,
      extensions: ["basicConstraints=critical,CA:TRUE"],
    });
    const pool = (addresses: MachineArgs["addresses"]) => () =>
      new NodePool("p", {
        pool: { name: "p", nodes: [{ name: "p-0", addresses: addresses ?? [] }] },
        settings,
        ca: { certPem: ca.certPem, privateKeyPem: pulumi.secret(ca.privateKeyPem) },
      });
    await assert.rejects(
      register(pool(["10.240.0.300"])),
      /^Error: pool\.nodes\[0\]\.addresses\[0\]: "10\.240\.0\.300" is no IP address/,
    );
    const requested = async (address: string) =>
      (await register(pool([pulumi.output(address)])))
        .filter(({ type, name }) => `${type} ${name}`.endsWith("CertRequest p/p-0/kubelet-serving"))
        .map(({ inputs }) => inputs.ipAddresses);
    assert.deepEqual(await requested("10.240.0.300"), []);
    assert.deepEqual(await requested("10.240.0.31"), [["10.240.0.31"]]);
  });
});
