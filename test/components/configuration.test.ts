import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parseConfiguration, succession } from "../../components/plan/configuration.ts";

const controlPlanes = JSON.stringify([{ name: "control-plane-0", addresses: ["10.240.0.10"] }]);

/** Parses the configuration of stack `dev`; keys without their namespace. */
function parse(values: Record<string, string>, secrets: string[] = []) {
  const own = { controlPlanes, renderTo: folder, ...values };
  const config = Object.fromEntries(
    Object.entries(own).map(([key, value]) => [`kubelet-trust:${key}`, value]),
  );
  return parseConfiguration(
    "kubelet-trust",
    "dev",
    { ...config, "pulumi:disable-default-providers": "[]", "other:stance": "x" },
    secrets.map((key) => `kubelet-trust:${key}`),
  );
}

function refuses(values: Record<string, string>, pattern: RegExp, secrets: string[] = []): void {
  assert.throws(
    () => parse(values, secrets),
    (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, pattern);
      return true;
    },
  );
}

let folder: string;

describe("parseConfiguration", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubelet-trust-test-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("names the cluster after the stack and takes an empty text for no value", () => {
    const { cluster, target } = parse({ clusterName: "", kubeconfig: "", skipReason: "" });
    assert.equal(cluster.settings.clusterName, "dev");
    assert.ok(!("skipReason" in cluster));
    assert.deepEqual(target, {
      kubeconfig: undefined,
      renderTo: folder,
      machineFiles: "folder",
    });
  });

  it("reads pools and nodes in both forms of an address", () => {
    const nodePools = [
      {
        name: "workers",
        servingMode: "bootstrap",
        nodes: [
          {
            name: "worker-0",
            addresses: ["10.240.0.11", { type: "ExternalIP", address: "203.0.113.5" }],
          },
        ],
        kubeletConfiguration: { maxPods: 50 },
      },
    ];
    const [pool] = parse({ nodePools: JSON.stringify(nodePools) }).cluster.pools;
    assert.ok(pool);
    assert.equal(pool.servingMode, "bootstrap");
    assert.deepEqual(pool.machines, [
      {
        name: "worker-0",
        addresses: [
          { type: "InternalIP", address: "10.240.0.11" },
          { type: "ExternalIP", address: "203.0.113.5" },
          { type: "Hostname", address: "worker-0" },
        ],
      },
    ]);
    assert.deepEqual(pool.configuration.fields, { maxPods: 50 });
  });

  it("refuses an unknown key and names the one that was meant", () => {
    refuses(
      { stanse: "skip" },
      /^kubelet-trust:stanse: there is no such key\. Did you mean stance\?$/,
    );
    refuses({ kubernetes: "1.37.2" }, /kubelet-trust:kubernetes: there is no such key\./);
    refuses({ zzz: "1" }, /zzz: there is no such key\. Known keys: clusterName, /);
    const node = JSON.stringify([{ name: "w", nodes: [{ name: "a", adresses: ["10.0.0.1"] }] }]);
    refuses(
      { nodePools: node },
      /^nodePools\[0\]\.nodes\[0\]\.adresses: there is no such key\. Did you mean addresses\?$/,
    );
  });

  it("refuses values of a wrong form, each with a remedy", () => {
    refuses(
      { validityHours: "one year" },
      /^validityHours: this is no number\. Give a whole number\.$/,
    );
    refuses(
      { bootstrapToken: "maybe" },
      /^bootstrapToken: this is no boolean\. Write true or false\.$/,
    );
    refuses({ nodePools: "workers" }, /^nodePools: this is no list\. Give a YAML list/);
    refuses(
      { nodePools: '["workers"]' },
      /^nodePools\[0\]: "workers" is no map\. Give a map with name/,
    );
    refuses(
      { controlPlanes: '[{"name": 7}]' },
      /^controlPlanes\[0\]\.name: the value is 7, no text\./,
    );
    refuses({ controlPlanes: "[{}]" }, /^controlPlanes\[0\]\.name: the value is missing\./);
    refuses(
      { controlPlanes: '[{"name": "a", "addresses": "10.0.0.1"}]' },
      /^controlPlanes\[0\]\.addresses: this is no list\. Give a list, e\.g\. \[10\.240\.0\.11\]\.$/,
    );
  });

  it("refuses a CA key in plain text without showing it, and one without a certificate", () => {
    refuses({ caCertificate: "c", caPrivateKey: "k3y" }, /^caPrivateKey: .* --secret\.$/m);
    assert.throws(
      () => parse({ caCertificate: "c", caPrivateKey: "k3y" }),
      (error: Error) => !error.message.includes("k3y"),
    );
    refuses({ caPrivateKey: "k" }, /^caPrivateKey: a key without its certificate\. Set/m, [
      "caPrivateKey",
    ]);
  });

  it("refuses a secret that would be plain in what it reaches, and shows nothing of it", () => {
    const header = { staticPodURLHeader: { Authorization: ["Bearer s3cret"] } };
    const nodePools = JSON.stringify([{ name: "w", nodes: [], kubeletConfiguration: header }]);
    refuses(
      { nodePools },
      /^nodePools: the value was set with --secret, and would be plain .* Set it without --secret/,
      ["nodePools"],
    );
    assert.throws(
      () => parse({ nodePools, skipReason: "s3cret" }, ["nodePools", "skipReason"]),
      (error: Error) =>
        !error.message.includes("s3cret") && /skipReason: the value/.test(error.message),
    );
  });

  it("takes a path for a CA's PEM for what it is, and says how to set the PEM", () => {
    refuses(
      { caCertificate: "/etc/kubernetes/pki/ca.crt", caPrivateKey: "~/ca.key" },
      /^caCertificate: "\/etc\/kubernetes\/pki\/ca\.crt" is a path, .*config set caCertificate < \/etc.*\n\ncaPrivateKey: .* is a path, .*config set --secret caPrivateKey < ~\/ca\.key$/,
      ["caPrivateKey"],
    );
    refuses({ caCertificate: "ca.pem" }, /^caCertificate: "ca\.pem" is a path/);
    refuses(
      { caCertificate: "abc", caPrivateKey: "k" },
      /^caCertificate: expected one PEM certificate, found 0\./m,
      ["caPrivateKey"],
    );
  });

  it("takes ~ for the user's home, as a shell does", () => {
    refuses(
      { kubeconfig: "~/.kube/none" },
      new RegExp(`^kubeconfig: "${homedir()}/\\.kube/none" cannot be read`),
    );
  });

  it("refuses subnets of pods and services that have addresses in common", () => {
    for (const [podSubnet, serviceSubnet] of [
      ["10.96.0.0/16", ""],
      ["10.0.0.0/8", ""],
      ["10.96.0.0/12", ""],
      ["10.111.255.0/24", ""],
      ["10.244.0.0/16,fd00:1::/48", "10.96.0.0/16,fd00:1::/112"],
    ] as const) {
      refuses({ podSubnet, serviceSubnet }, /^podSubnet: \S+ overlaps serviceSubnet/);
    }
    for (const podSubnet of ["10.112.0.0/16", "10.95.0.0/16", "fd00::/48"]) parse({ podSubnet });
  });

  it("takes an IPv4 address in IPv6 clothes for the same address", () => {
    const pools = (...nodes: string[][]) =>
      JSON.stringify([
        { name: "w", nodes: nodes.map((addresses, i) => ({ name: `n-${i}`, addresses })) },
      ]);
    refuses(
      { nodePools: pools(["10.0.0.1", "::ffff:10.0.0.1"]) },
      /^nodePools\[0\]\.nodes\[0\]\.addresses\[1\]: ::ffff:10\.0\.0\.1 is the same address as addresses\[0\]\. Leave/,
    );
    refuses(
      { nodePools: pools(["10.0.0.1"], ["::ffff:10.0.0.1"]) },
      /^nodePools\[0\]\.nodes\[1\]\.addresses: 10\.0\.0\.1 is an InternalIP of nodePools\[0\]\.nodes\[0\] too/,
    );
  });

  it("tells all mistakes at once, each by its place, and none that only follows from another", () => {
    const nodePools = [
      "workers",
      {
        name: "UPPER_case",
        servingMode: "boot",
        nodes: [
          { name: 7, addresses: ["10.0.0.300", 5] },
          { name: "ok", adresses: ["10.0.0.1"] },
          { name: "low", addresses: ["10.0.0.400"], selfSignedCertificate: [] },
        ],
        kubeletConfiguration: { maxPods: "many", maxPod: 5 },
      },
      { name: "list", nodes: "none", kubeletConfiguration: { authentication: { webhok: {} } } },
      { name: "list", nodes: [{ name: "ok", addresses: ["10.0.0.9"] }] },
    ];
    const told = (values: Record<string, string>) => {
      try {
        parse(values);
      } catch (error) {
        return (error as Error).message.split("\n\n").map((line) => line.split(": ")[0]);
      }
      return [];
    };
    const values = {
      stanse: "skip",
      stance: "verfy",
      validityHours: "x",
      caValidityHours: "10",
      kubernetesVersion: "1.2",
      nodePools: JSON.stringify(nodePools),
      kubeconfig: "/none",
      podSubnet: "10.96.0.0/16",
      dnsDomain: "-",
    };
    assert.deepEqual(told(values).sort(), [
      "dnsDomain",
      "kubeconfig",
      "kubelet-trust:stanse",
      "kubernetesVersion",
      "nodePools[0]",
      "nodePools[1].kubeletConfiguration.maxPod",
      "nodePools[1].kubeletConfiguration.maxPods",
      "nodePools[1].name",
      "nodePools[1].nodes[0].addresses[0]",
      "nodePools[1].nodes[0].addresses[1]",
      "nodePools[1].nodes[0].name",
      "nodePools[1].nodes[1].adresses",
      "nodePools[1].nodes[2].addresses[0]",
      "nodePools[1].nodes[2].selfSignedCertificate",
      "nodePools[1].servingMode",
      "nodePools[2].kubeletConfiguration.authentication.webhok",
      "nodePools[2].nodes",
      "nodePools[3].name",
      "nodePools[3].nodes[0].name",
      "podSubnet",
      "stance",
      "validityHours",
    ]);
    assert.deepEqual(told({ controlPlanes: "none", nodePools: "[]", dnsDomain: "-" }), [
      "controlPlanes",
      "dnsDomain",
    ]);
  });

  it("refuses a kubeconfig that does not exist or does not parse", () => {
    refuses(
      { kubeconfig: join(folder, "none") },
      /^kubeconfig: ".*none" cannot be read \(ENOENT\)\. Give the path of a kubeconfig/,
    );
    for (const text of [
      "[",
      "a: 1",
      "",
      '{"clusters": [], "contexts": [], "current-context": "x"}',
    ]) {
      writeFileSync(join(folder, "config"), text);
      refuses({ kubeconfig: join(folder, "config") }, /^kubeconfig: ".*" is no kubeconfig with/);
    }
  });

  it("takes a kubeconfig whose current context exists", () => {
    const path = join(folder, "config");
    writeFileSync(path, "clusters: []\ncontexts: [{name: a}]\ncurrent-context: a\n");
    assert.equal(parse({ kubeconfig: path }).target.kubeconfig, path);
  });

  it("refuses a folder to render to that cannot be written, and leaves nothing in one that can", () => {
    writeFileSync(join(folder, "file"), "");
    refuses(
      { renderTo: join(folder, "file") },
      /^renderTo: ".*file" cannot be written.* set renderTo/,
    );
    refuses({ renderTo: join(folder, "file", "x") }, /^renderTo: .* cannot be written/);
    refuses({ renderTo: "/proc/rendered" }, /^renderTo: "\/proc\/rendered" cannot be written/);
    mkdirSync(join(folder, "empty"));
    parse({ renderTo: join(folder, "empty", "deeper", "still") });
    assert.deepEqual(readdirSync(join(folder, "empty")), []);
  });

  it("refuses a folder that holds a program, and one with rendered files that others may read", () => {
    for (const name of [".git", "Pulumi.yaml", "index.ts"]) {
      const program = mkdtempSync(join(folder, "program-"));
      writeFileSync(join(program, name), "");
      refuses({ renderTo: program }, /^renderTo: ".*" holds ".*", .* Give a folder for them alone/);
    }
    refuses({ renderTo: "." }, /^renderTo: "\." holds /);
    const wide = join(folder, "wide");
    mkdirSync(join(wide, "machines"), { recursive: true });
    chmodSync(wide, 0o750);
    refuses({ renderTo: wide }, /^renderTo: ".*wide" has mode 0750, .* Run chmod go= .*wide\.$/);
    chmodSync(wide, 0o700);
    assert.doesNotThrow(() => parse({ renderTo: wide }));
  });

  it("refuses a word for the machines' files that is neither", () => {
    refuses(
      { machineFiles: "secrets" },
      /^machineFiles: "secrets" is neither folder nor cluster\. Use/,
    );
  });

  it("reads a rotation, and tells its problems by the configuration's keys", () => {
    const { caRotation, caStanding } = parse({
      caRotation: "trustBoth",
      caRotationBehind: '{"control-plane-0":"none"}',
    }).cluster;
    assert.deepEqual(caRotation, { phase: "trustBoth", behind: { "control-plane-0": "none" } });
    assert.equal(caStanding.phase, "trustBoth");
    assert.ok(!("caRotation" in parse({ caGeneration: "1", caRotationBehind: "{}" }).cluster));
    const problems = (values: Record<string, string>, secrets: string[] = []) => {
      let told = "";
      assert.throws(
        () => parse(values, secrets),
        ({ message }: Error) => {
          told = message;
          return true;
        },
      );
      return told.split("\n\n");
    };
    const after = (values: Record<string, string>) =>
      succession(parse(values), { generation: 1, origins: { "1": "made" } });
    assert.deepEqual(after({ caRotation: "trustBoth" }), []);
    assert.match(after({ caRotation: "issueNew" })[0] ?? "", /^caRotation: issueNew cannot/);
    assert.match(after({ caGeneration: "2" })[0] ?? "", /^caGeneration: 2 cannot follow/);
    const [plain, keyless, alone] = problems({ nextCaPrivateKey: "x" });
    assert.match(plain ?? "", /^nextCaPrivateKey: .*plain text/);
    assert.match(keyless ?? "", /^nextCaPrivateKey: .*Set nextCaCertificate too/);
    assert.match(alone ?? "", /^nextCaPrivateKey: there is no rotation for it/);
    const wrong = problems({
      caRotation: "trustBoth",
      caRotationBehind: '{"x":"none"}',
      nextCaCertificate: "no PEM",
    });
    assert.deepEqual(wrong.map((problem) => problem.replace(/:.*/s, "")).sort(), [
      "caRotationBehind.x",
      "nextCaPrivateKey",
    ]);
    assert.match(problems({ caRotation: "trustBoth", caRotationBehind: "[]" })[0] ?? "", /no map/);
  });
});
