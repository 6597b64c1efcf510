import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import {
  cloudConfig,
  compressedCloudConfig,
  userDataLimit,
  userDataWarning,
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

  it("are warned of where a cloud's limit is passed, with the size, the limit and what to do", () => {
    const holding = (content: string) => [
      { path: "/a", mode: "0600", owner: "root:root", content },
    ];
    const overhead = cloudConfig(holding("")).length - '""'.length;
    const longest = holding("x".repeat(userDataLimit - overhead));
    assert.equal(cloudConfig(longest).length, userDataLimit);
    assert.equal(userDataWarning("w-0", longest, false), undefined);

    const over = holding("x".repeat(userDataLimit - overhead + 1));
    const small = Buffer.from(compressedCloudConfig(over), "base64").length;
    assert.equal(
      userDataWarning("w-0", over, false),
      "w-0: its user data is 16385 bytes, over the 16384 that the strictest clouds take (Amazon EC2). " +
        `Give --format cloud-init-base64, which is ${small} bytes before base64.`,
    );
    assert.equal(userDataWarning("w-0", over, true), undefined);

    const incompressible = holding(randomBytes(userDataLimit).toString("hex"));
    const [plain, packed] = [false, true].map((form) =>
      userDataWarning("cp-0", incompressible, form),
    );
    assert.match(
      plain ?? "",
      /data is 33\d{3} bytes.* Compressed it is 1\d{4} bytes\. There, bring /,
    );
    assert.match(
      packed ?? "",
      /data is 1\d{4} bytes, over .*\. There, bring the files by --format tar/,
    );
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
