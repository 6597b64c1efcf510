/** Real carriers, each into a root of its own: what arrives is compared byte by byte and mode by mode. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { runCloudInit } from "../../../lab/host/cloud-init.ts";
import { hostPath } from "../../../lab/host/machine.ts";
import { servicesStarted, systemctlCalls } from "../../../lab/host/systemctl.ts";
import { cloudConfig, compressedCloudConfig } from "../../../trust/carriers/cloud-init.ts";
import { ignitionConfig } from "../../../trust/carriers/ignition.ts";
import type { CarriedFile } from "../../../trust/carriers/machine.ts";
import { tarArchive } from "../../../trust/carriers/tar.ts";
import { startBareMachines } from "../../lab/bare-machines.ts";
import { ignition, needsLab, needsPackages } from "../../lab/requirements.ts";
import { folderForEach } from "../../support/folders.ts";
import { difficultFiles, filesOfMachines } from "../../support/machine-files.ts";

/**
 * A root as Ignition expects one: users, groups, and SELinux, whose labels it sets last. Those are no part of the test:
 * the program that sets them does nothing.
 *
 * @returns a folder with that program
 */
function layIgnitionRoot(root: string): string {
  const selinux = path.join(root, "etc", "selinux");
  const contexts = path.join(selinux, "none", "contexts", "files");
  fs.mkdirSync(contexts, { recursive: true });
  fs.writeFileSync(path.join(contexts, "file_contexts"), "");
  fs.writeFileSync(path.join(selinux, "config"), "SELINUX=disabled\nSELINUXTYPE=none\n");
  for (const name of ["passwd", "group"]) {
    fs.copyFileSync(path.join("/etc", name), path.join(root, "etc", name));
  }
  const bin = fs.mkdtempSync(`${root}-bin-`);
  fs.writeFileSync(path.join(bin, "setfiles"), "#!/bin/sh\n", { mode: 0o755 });
  return bin;
}

/** Fails unless every file is there with its bytes, mode and owner. */
function assertArrived(files: readonly CarriedFile[], at: (file: string) => string): void {
  assert.ok(files.length > 10);
  for (const { path: file, mode, content } of files) {
    const { mode: is, uid, gid } = fs.statSync(at(file));
    assert.equal((is & 0o7777).toString(8).padStart(4, "0"), mode, file);
    assert.deepEqual([uid, gid], [0, 0], file);
    // Not assert.equal: a failure must not print a key.
    assert.ok(fs.readFileSync(at(file)).equals(Buffer.from(content)), `${file} has other bytes`);
  }
}

describe("real carriers", function () {
  this.timeout("5m");
  const folder = folderForEach();
  let files: CarriedFile[];

  before(needsLab);
  before(needsPackages("cloud-init", "ignition"));
  before(async () => {
    files = [...((await filesOfMachines())["cp-0"] ?? []), ...difficultFiles];
  });

  for (const [form, userData] of [
    ["plain", (all: readonly CarriedFile[]) => cloudConfig(all)],
    [
      "compressed",
      (all: readonly CarriedFile[]) => Buffer.from(compressedCloudConfig(all), "base64"),
    ],
  ] as const) {
    it(`cloud-init brings every file from ${form} user data, and starts the services`, async () => {
      const { machines, stop } = await startBareMachines([{ name: "m", addresses: ["10.0.0.1"] }]);
      try {
        const [machine] = machines;
        assert.ok(machine);
        await runCloudInit(machine, userData(files));
        assertArrived(files, (one) => hostPath(machine, one));
        const calls = systemctlCalls(machine);
        assert.deepEqual(calls, [
          "daemon-reload",
          "enable --now containerd.service",
          "enable --now kubelet.service",
        ]);
        assert.deepEqual(servicesStarted(calls), ["containerd.service", "kubelet.service"]);
      } finally {
        await stop();
      }
    });
  }

  it("Ignition validates the configuration, brings every file and enables the services", () => {
    // Debian's Ignition 2.14.0 calls 3.4.0, whose final form 2.15.0 brought, by its earlier name.
    const config = ignitionConfig(files).replace('"3.4.0"', '"3.4.0-experimental"');
    const file = path.join(folder, "config.ign");
    fs.writeFileSync(file, config);
    execFileSync("ignition-validate", [file], { stdio: "pipe" });
    const root = path.join(folder, "root");
    const bin = layIgnitionRoot(root);
    for (const stage of ["fetch", "files"]) {
      execFileSync(
        ignition,
        [
          ...["-log-to-stdout", "-platform", "file", "-stage", stage, "-root", root],
          ...[
            "-config-cache",
            path.join(folder, "cache"),
            "-state-file",
            path.join(folder, "state"),
          ],
          ...["-neednet", path.join(folder, "neednet")],
        ],
        { env: { PATH: bin, IGNITION_CONFIG_FILE: file }, stdio: "ignore" },
      );
    }
    assertArrived(files, (one) => path.join(root, one));
    const preset = path.join(root, "etc", "systemd", "system-preset", "20-ignition.preset");
    assert.match(fs.readFileSync(preset, "utf8"), /enable containerd\.service/);
  });

  it("tar brings every file", () => {
    const archive = path.join(folder, "files.tar");
    fs.writeFileSync(archive, tarArchive(files));
    const root = path.join(folder, "root");
    fs.mkdirSync(root);
    execFileSync("tar", [
      "--extract",
      "--same-permissions",
      "--file",
      archive,
      "--directory",
      root,
    ]);
    assertArrived(files, (one) => path.join(root, one));
  });

  it("are told apart from ones that change a byte, so the tests above can fail", () => {
    const [first, ...rest] = files;
    assert.ok(first);
    const archive = path.join(folder, "files.tar");
    fs.writeFileSync(archive, tarArchive([{ ...first, content: `${first.content} ` }, ...rest]));
    execFileSync("tar", ["--extract", "--file", archive, "--directory", folder]);
    assert.throws(() => assertArrived(files, (one) => path.join(folder, one)), /has other bytes/);
    assert.ok(gunzipSync(Buffer.from(compressedCloudConfig(files), "base64")).length > 0);
  });
});
