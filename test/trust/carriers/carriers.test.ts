import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { issue } from "../../../lab/x509/issue.ts";
import {
  cloudConfig,
  compressedCloudConfig,
  userDataLimit,
} from "../../../trust/carriers/cloud-init.ts";
import { ignitionConfig } from "../../../trust/carriers/ignition.ts";
import { tarArchive } from "../../../trust/carriers/tar.ts";
import { difficultFiles, filesOfMachines } from "../../support/machine-files.ts";

describe("a machine's files as carriers take them", () => {
  it("are user data of cloud-init: every file with owner and mode, then the services in order", async () => {
    const files = [...((await filesOfMachines())["w-0"] ?? []), ...difficultFiles];
    const text = cloudConfig(files);
    assert.match(text, /^#cloud-config\n/);
    const { write_files, runcmd } = parse(text);
    assert.deepEqual(
      write_files,
      files.map(({ path, owner, mode, content }) => ({ path, owner, permissions: mode, content })),
    );
    assert.deepEqual(runcmd, [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "containerd.service"],
      ["systemctl", "enable", "--now", "kubelet.service"],
    ]);
    assert.equal(gunzipSync(Buffer.from(compressedCloudConfig(files), "base64")).toString(), text);
  });

  it("fit a cloud's limit for a node, with real keys of the largest kind", async () => {
    const { certPem, keyPem: privateKeyPem } = await issue({
      subject: "CN=system:node:w-0",
      key: "RSA-4096",
    });
    const files = (await filesOfMachines())["w-0"] ?? [];
    const kubeconfig = Buffer.from(certPem + certPem + privateKeyPem).toString("base64");
    const real = files.map((file) => ({
      ...file,
      content: file.path.endsWith(".crt")
        ? certPem
        : file.path.endsWith(".key")
          ? privateKeyPem
          : file.path.endsWith(".conf")
            ? kubeconfig
            : file.content,
    }));
    const bytes = Buffer.from(compressedCloudConfig(real), "base64").length;
    assert.ok(bytes > 5000 && bytes < userDataLimit, `${bytes} bytes`);
  });

  it("are an Ignition configuration whose unit is a file with its own mode, and is enabled", async () => {
    const files = (await filesOfMachines())["w-0"] ?? [];
    const { ignition, storage, systemd } = JSON.parse(ignitionConfig(files));
    assert.equal(ignition.version, "3.4.0");
    assert.equal(storage.files.length, files.length);
    const unit = storage.files.find(({ path }: { path: string }) =>
      path.endsWith("/kubelet.service"),
    );
    assert.equal(unit.mode, 0o600);
    assert.deepEqual(systemd.units, [
      { name: "containerd.service", enabled: true },
      { name: "kubelet.service", enabled: true },
    ]);
  });

  it("are no archive when a path is too long for one", () => {
    const file = { path: `/${"a".repeat(101)}`, mode: "0600", owner: "root:root", content: "" };
    assert.throws(() => tarArchive([file]), /path too long for an archive/);
  });
});
