/** Real carriers, each into a root of its own: what arrives is compared byte by byte and mode by mode. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { cloudConfig, compressedCloudConfig } from "../../../trust/carriers/cloud-init.ts";
import { ignitionConfig } from "../../../trust/carriers/ignition.ts";
import type { CarriedFile } from "../../../trust/carriers/machine.ts";
import { tarArchive } from "../../../trust/carriers/tar.ts";
import { needsLab } from "../../lab/requirements.ts";
import { difficultFiles, filesOfMachines } from "../../support/machine-files.ts";

const ignition = "/usr/lib/dracut/modules.d/30ignition/ignition";

/** Installs the carriers of the distribution; cloud-init is kept from running when this machine boots. */
function needsCarriers(this: Mocha.Context): void {
  const there = fs.existsSync("/usr/bin/cloud-init") && fs.existsSync(ignition);
  if (there) return;
  if (process.env.CI !== "true") {
    process.stderr.write(
      "    skipped: cloud-init and ignition are not installed, and CI is not true\n",
    );
    this.skip();
  }
  fs.mkdirSync("/etc/cloud", { recursive: true });
  fs.writeFileSync("/etc/cloud/cloud-init.disabled", "");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const packages = ["cloud-init", "ignition"];
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  execFileSync("apt-get", install, { env, stdio: "pipe" });
}

/** cloud-init as at a first boot, in a mount namespace where the folders that it writes to are a test's own. */
const boot = `set -e
mkdir -p "$0/etc" "$0/kubelet" "$0/cloud/seed/nocloud" "$0/run" "$0/log" /var/lib/kubelet /var/lib/cloud
cp -a /etc/. "$0/etc/"
cp "$1" "$0/cloud/seed/nocloud/user-data"
printf 'instance-id: test\\nlocal-hostname: test\\n' > "$0/cloud/seed/nocloud/meta-data"
cat > "$0/etc/cloud/cloud.cfg.d/99-test.cfg" <<'END'
datasource_list: [NoCloud]
network: {config: disabled}
preserve_hostname: true
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: []
END
rm -rf "$0/etc/kubernetes"
mount --bind "$0/etc" /etc
mount --bind "$0/kubelet" /var/lib/kubelet
mount --bind "$0/cloud" /var/lib/cloud
mount --bind "$0/run" /run
mount --bind "$0/log" /var/log
cloud-init init --local && cloud-init init && cloud-init modules --mode=config`;

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
  let folder: string;
  let files: CarriedFile[];

  before(needsLab);
  before(needsCarriers);
  before(async () => {
    files = [...((await filesOfMachines())["cp-0"] ?? []), ...difficultFiles];
  });
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-carrier-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  for (const [form, userData] of [
    ["plain", (all: readonly CarriedFile[]) => Buffer.from(cloudConfig(all))],
    [
      "compressed",
      (all: readonly CarriedFile[]) => Buffer.from(compressedCloudConfig(all), "base64"),
    ],
  ] as const) {
    it(`cloud-init brings every file from ${form} user data, and would start the services`, () => {
      const file = path.join(folder, "user-data");
      fs.writeFileSync(file, userData(files));
      const root = path.join(folder, "root");
      execFileSync("unshare", ["--mount", "sh", "-c", boot, root, file], { stdio: "pipe" });
      assertArrived(files, (one) =>
        one.startsWith("/var/lib/kubelet/")
          ? path.join(root, "kubelet", one.slice("/var/lib/kubelet/".length))
          : path.join(root, one),
      );
      const script = path.join(root, "cloud", "instances", "test", "scripts", "runcmd");
      assert.deepEqual(fs.readFileSync(script, "utf8").trim().split("\n").slice(1), [
        "'systemctl' 'daemon-reload'",
        "'systemctl' 'enable' '--now' 'containerd.service'",
        "'systemctl' 'enable' '--now' 'kubelet.service'",
      ]);
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
