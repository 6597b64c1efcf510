import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  encryptionConfiguration,
  hardeningFiles,
  hardeningFlags,
  hardeningMounts,
  kernelSettings,
  kubeletHardening,
} from "../../components/kubeadm/hardening.ts";
import { kubeletConfiguration } from "../../components/kubeadm/kubelet-configuration.ts";
import { kubeletUnit } from "../../components/kubeadm/kubelet-unit.ts";
import {
  type Hardening,
  hardeningOf,
  hardeningSwitches,
} from "../../components/model/hardening.ts";
import { parseConfiguration } from "../../components/plan/configuration.ts";
import { hardeningProblems } from "../../components/plan/hardening.ts";
import { settingsIn, kernelSettings as settingsOfLab } from "../../lab/host/kernel-settings.ts";
import { paths } from "../../trust/contract.ts";
import { kubeletTable, programTable } from "../../trust/kubernetes/tables.ts";
import { plain } from "../support/plain.ts";

const versions = ["1.34.0", "1.35.0", "1.36.0", "1.37.2"];
const nothing = Object.fromEntries(
  hardeningSwitches.map((one) => [one, false]),
) as unknown as Hardening;
const node = { name: "n", addresses: [], servingMode: "provisioned" } as never;

/** Everything that hardening adds, as one text. */
function everythingOf(hardening: Hardening): string {
  return JSON.stringify([
    hardeningFlags("kube-apiserver", hardening),
    hardeningFlags("kube-controller-manager", hardening),
    hardeningFlags("kube-scheduler", hardening),
    hardeningMounts(hardening),
    hardeningFiles(hardening),
    kubeletHardening(hardening),
    encryptionConfiguration("key", hardening),
  ]);
}

describe("hardening", () => {
  it("uses flags and fields that every version has", () => {
    for (const version of versions) {
      for (const program of ["kube-apiserver", "kube-controller-manager"] as const) {
        const { flags } = programTable(program, version);
        for (const name of Object.keys(hardeningFlags(program, hardeningOf()))) {
          assert.ok(flags.byName(name), `${program} ${version} has no --${name}`);
        }
      }
      const { types } = kubeletTable(version);
      const fields = types["v1beta1.KubeletConfiguration"] ?? {};
      for (const name of Object.keys(kubeletHardening(hardeningOf()))) {
        assert.ok(Object.hasOwn(fields, name), `kubelet ${version} has no ${name}`);
      }
    }
  });

  it("leaves with everything off what kubeadm has, and the key that reads what was encrypted", () => {
    assert.deepEqual(hardeningFlags("kube-apiserver", nothing), {
      "enable-admission-plugins": "NodeRestriction",
      "encryption-provider-config": paths.encryption,
    });
    assert.deepEqual(hardeningFlags("kube-scheduler", nothing), {});
    assert.deepEqual(hardeningFiles(nothing), {});
    assert.deepEqual(kubeletHardening(nothing), {});
    assert.doesNotMatch(plain(kubeletUnit(node, nothing)), /ExecStartPre/);
  });

  it("has switches that each change something, and only where they are off", () => {
    const all = everythingOf(hardeningOf());
    for (const one of hardeningSwitches) {
      assert.equal(everythingOf(hardeningOf({ [one]: true })), all, one);
      // It is a mode of files, and nothing in them.
      if (one === "privateFiles") continue;
      assert.notEqual(everythingOf(hardeningOf({ [one]: false })), all, one);
    }
  });

  it("names a file for each flag that needs one, which the pod sees", () => {
    const flags = hardeningFlags("kube-apiserver", hardeningOf());
    const files = Object.keys(hardeningFiles(hardeningOf()));
    const named = Object.values(flags).filter((value) => value.startsWith("/etc/"));
    assert.deepEqual(named.sort(), [...files, paths.encryption].sort());
    const mounts = hardeningMounts(hardeningOf()).map(({ path }) => `${path}/`);
    for (const value of Object.values(flags).filter((one) => one.startsWith("/"))) {
      assert.ok(
        mounts.some((mount) => value.startsWith(mount)),
        `${value} is in no mount`,
      );
    }
  });

  it("writes Secrets with the first provider, and reads with each", () => {
    const providers = (encryptSecrets: boolean) => {
      const text = encryptionConfiguration("key", hardeningOf({ encryptSecrets }));
      const [resource] = parse(text).resources;
      return resource.providers.map((provider: object) => Object.keys(provider)[0]);
    };
    assert.deepEqual(providers(true), ["secretbox", "identity"]);
    assert.deepEqual(providers(false), ["identity", "secretbox"]);
  });

  it("asks of the kernel what the lab has copies of, and a pool's own fields go before it", () => {
    const settings = settingsIn([
      { path: paths.kernelSettings, content: Buffer.from(kernelSettings) },
    ]);
    assert.deepEqual([...settings.keys()].sort(), [...settingsOfLab].sort());
    const configuration = kubeletConfiguration({
      servingMode: "provisioned",
      clusterDns: "10.96.0.10",
      dnsDomain: "cluster.local",
      configuration: { fields: { podPidsLimit: 100 } },
    });
    assert.equal(configuration.podPidsLimit, 100);
    assert.equal(configuration.seccompDefault, true);
  });

  it("tells a mistake in its switches in one line: field, value, remedy", () => {
    const cases: [unknown, string][] = [
      [
        { auditLogs: false },
        "hardening.auditLogs: there is no such switch. Did you mean auditLog?",
      ],
      [
        { auditLog: "no" },
        'hardening.auditLog: "no" is neither true nor false. Write one of them.',
      ],
    ];
    for (const [given, text] of cases)
      assert.deepEqual(hardeningProblems(given, "hardening"), [text]);
    assert.match(
      hardeningProblems(false, "hardening")[0] ?? "",
      /^hardening: false is no map\. Give a map of switches, e\.g\. \{auditLog: false\}; known are auditLog,/,
    );
    assert.deepEqual(hardeningProblems({ auditLog: false }, "hardening"), []);
    assert.deepEqual(hardeningProblems(undefined, "hardening"), []);
  });

  it("is read from a stack's configuration", () => {
    const read = (hardening: string) =>
      parseConfiguration(
        "kubelet-trust",
        "dev",
        {
          "kubelet-trust:controlPlanes": '[{"name":"cp","addresses":["10.0.0.1"]}]',
          "kubelet-trust:hardening": hardening,
        },
        [],
      ).cluster.settings.hardening;
    assert.deepEqual(read('{"eventRateLimit":false}'), { eventRateLimit: false });
    assert.deepEqual(hardeningOf(read("{}")), hardeningOf());
    assert.throws(
      () => read('{"eventRateLimit":"false"}'),
      /^.*hardening\.eventRateLimit: "false" is neither/,
    );
    assert.throws(() => read("off"), /hardening: this is no map\. Give a YAML map/);
  });
});
