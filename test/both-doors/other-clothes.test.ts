/** Settings of kubelets in other clothes: open ones are rejected, those that tune alone are passed, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource } from "../policies/fake.ts";
import { judged, rejectedByPack } from "./both-doors.ts";

const open = { "anonymous-auth": "true", "authorization-mode": "AlwaysAllow" };
const tuned = { "max-pods": "100" };
type Settings = Readonly<Record<string, string>>;
const words = (settings: Settings, mark = "") =>
  Object.entries(settings).map(([name, value]) => `${mark}${name}=${value}`);
const script = (line: string) => ["run.sh", `#!/bin/sh\n${line}\n`] as const;
const yaml = (value: object) => ["x.yaml", JSON.stringify(value)] as const;
const charm = (options: object) => yaml({ applications: { "kubernetes-worker": { options } } });
const topology = (value: unknown) =>
  yaml({
    apiVersion: "cluster.x-k8s.io/v1beta2",
    kind: "Cluster",
    metadata: { name: "c" },
    spec: { topology: { variables: [{ name: "kubeletExtraArgs", value }] } },
  });
const commands = (one: readonly string[]) =>
  `[settings.kubernetes]\nmax-pods = 9\n[settings.bootstrap-commands.x]\ncommands = [${JSON.stringify(one)}]\n`;

const shapes: Readonly<Record<string, (settings: Settings) => readonly [string, string]>> = {
  "words of Bottlerocket's apiclient": (settings) =>
    script(`sudo apiclient set ${words(settings, "kubernetes.").join(" ")}`),
  "Bottlerocket's bootstrap commands": (settings) => [
    "user-data.toml",
    commands(["apiclient", "set", ...words(settings, "settings.kubernetes.")]),
  ],
  "words of the kubelet's snap": (settings) =>
    script(`snap set kubelet ${words(settings).join(" ")}`),
  "the options of a charm": (settings) =>
    charm({ "kubelet-extra-args": words(settings).join(" ") }),
  "a list without dashes": (settings) => yaml({ x: { "kubelet-arg": words(settings) } }),
  "a variable of a topology": topology,
  "a variable of a topology, as a list": (settings) =>
    topology(Object.entries(settings).map(([name, value]) => ({ name, value }))),
};

function said([name, text]: readonly [string, string]) {
  const { exitCode, stdout } = judged({ [`other/${name}`]: text });
  return { pack: rejectedByPack(configMap("files", { [name]: text })), exitCode, stdout };
}

describe("settings of kubelets", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(`are read in ${name}`, () => {
      const opened = said(shape(open));
      assert.match(opened.pack, /may do anything on it, exec into every container included/);
      assert.match(opened.stdout, /open to anyone: everything/);
      assert.equal(opened.exitCode, 1);
      assert.notEqual(said(shape({ "tls-cert-file": "/x" })).pack, "");
      const { pack, exitCode, stdout } = said(shape(tuned));
      assert.deepEqual([pack, exitCode], ["", 0], stdout);
    });
  }

  it("are not known in words that are not", () => {
    for (const line of [
      "apiclient set $SETTINGS",
      "apiclient set kubernetes.authorization-mode=$MODE",
      `apiclient set --json '{"kubernetes": {"authorization-mode": "AlwaysAllow"}}'`,
      "snap set kubelet authorization-mode=$MODE",
    ]) {
      const { pack, exitCode } = said(script(line));
      assert.notEqual(pack, "", line);
      assert.equal(exitCode, 1);
    }
    const looks = "apiclient get settings.kubernetes\napiclient set motd=hello\nsnap list kubelet";
    assert.deepEqual([said(script(looks)).pack, said(script(looks)).exitCode], ["", 0]);
  });

  it("are a charm's text in YAML", () => {
    const config = (text: string) => said(charm({ "kubelet-extra-config": text }));
    assert.match(config("{authorization: {mode: AlwaysAllow}}").pack, /may do anything on it/);
    assert.equal(config("{maxPods: 9}").pack, "");
  });

  it("are GKE's switch of the read-only port", () => {
    const gke = (option: string) => said(script(`gcloud container clusters create x ${option}`));
    const { pack, stdout } = gke("--enable-insecure-kubelet-readonly-port");
    assert.match(pack, /without a credential/);
    assert.match(stdout, /open to anyone: metrics, stats, pods/);
    assert.equal(gke("--no-enable-insecure-kubelet-readonly-port").pack, "");
  });

  it("are values of JSON patches", () => {
    const provider = { type: "pulumi:providers:talos", name: "p", urn: "urn:p", props: {} };
    const patched = (path: string, value: unknown) => {
      const patch = JSON.stringify([{ op: "add", path, value }]);
      const type = "talos:machine/configurationApply:ConfigurationApply";
      return [
        rejectedByPack(resource(type, "x", { configPatches: [patch] }, { provider })),
        judged({ "other/patch.json": patch }).stdout,
      ];
    };
    for (const [path, value] of [
      ["/machine/kubelet/extraArgs", open],
      ["/machine/kubelet/extraArgs/authorization-mode", "AlwaysAllow"],
      ["/machine/kubelet", { extraArgs: open }],
    ] as const) {
      for (const one of patched(path, value)) {
        assert.match(one, /may do anything on it|open to (?:anyone|whoever is authenticated)/);
      }
    }
    assert.equal(patched("/machine/network/hostname", "a")[0], "");
  });
});
