/** What takes a file of Kubernetes away, or puts another before it: said in both doors. */
import assert from "node:assert/strict";
import { configMap } from "../policies/fake.ts";
import { kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { judged, rejectedByPack } from "./both-doors.ts";

const config = "/var/lib/kubelet/config.yaml";

/** Both say it, or neither. */
function bothSay(file: string, text: string): [pack: boolean, judge: boolean] {
  return [
    rejectedByPack(configMap("files", { [file]: text })) !== "",
    judged({ [`other/${file}`]: text }).exitCode !== 0,
  ];
}

const commands = [
  `mount --bind /tmp/x ${config}`,
  "mount -o bind /opt/k8s /etc/kubernetes",
  "mount -t overlay overlay -o lowerdir=/a:/b /etc",
  "mount /dev/sdb1 /var/lib/kubelet",
  `rm -f ${config}`,
  "rm -f /etc/systemd/system/kubelet.service.d/20-hardening.conf",
  `unlink ${config}`,
  `mv ${config} /tmp`,
  `: > ${config}`,
  `> ${config}`,
  `(one; two) > ${config}`,
  "cd /etc && git clone https://example.com/kubernetes.git",
  "git -C /etc/kubernetes pull",
  "cd /etc/kubernetes && git checkout main",
  "git --git-dir=/x --work-tree=/etc/kubernetes checkout -f",
  "cd / && cpio -idm < /tmp/x",
  "cd /etc/kubernetes && pax -r -f /tmp/x",
  "7z x k.7z -o/etc/kubernetes",
  "cd / && borg extract x",
  `gpg -o ${config} -d x`,
  `perl -e 'open(F,">${config}")'`,
  `awk '{print > "${config}"}' /tmp/x`,
  "cd /etc/kubernetes && patch -p1 < /tmp/x",
  "systemctl link /opt/kubelet.service",
  "systemctl enable /opt/kubelet.service",
  `systemctl bind kubelet /tmp/x ${config}`,
  "systemctl mount-image kubelet /x.raw /etc/kubernetes",
  "systemctl revert kubelet",
  `cp $SRC ${config}`,
  "cp $(cat list) /etc/kubernetes/",
  'install -m 600 "$@" /etc/kubernetes/pki/',
  "for f in *.yaml; do cp $f /var/lib/kubelet/; done",
  `gunzip -f ${config}.gz`,
  `xz -d ${config}.xz`,
  `sed -n 'w ${config}' /tmp/x`,
  `ssh root@node 'cat > ${config}' < x`,
  `ssh -i key root@node "sudo sed -i s/Webhook/AlwaysAllow/ ${config}"`,
  `echo "/opt/x ${config} none bind 0 0" >> /etc/fstab`,
  `echo "L+ ${config} - - - - /opt/x" > /etc/tmpfiles.d/k.conf`,
  `echo "open('${config}', 'w').write(x)" | python3 -`,
  `perl <<'E'\nopen(F, ">${config}");\nE`,
  "systemd-confext merge",
];
const harmless = [
  "mount --make-rshared /",
  "mount --bind /var/lib/kubelet /var/lib/kubelet\nmount --make-shared /var/lib/kubelet",
  "mount -o remount,ro /etc",
  "mount --bind /proc /mnt/proc\nmount -t tmpfs tmpfs /tmp\nmount -a\nmount",
  "blkid /dev/sdb || mkfs.xfs /dev/sdb\nmount /dev/sdb /var/lib/kubelet",
  "rm -f /var/lib/kubelet/cpu_manager_state /etc/cni/net.d/*",
  "kubeadm reset -f\nrm -rf /etc/kubernetes /var/lib/kubelet/config.yaml",
  "rm -f /etc/kubernetes/bootstrap-kubelet.conf",
  "cd /opt && git clone https://example.com/x && cd x && git checkout v1",
  "git -C /opt/x pull",
  "gpg --dearmor -o /etc/apt/keyrings/kubernetes-apt-keyring.gpg x",
  `perl -ne 'print if /x/' ${config}`,
  `awk '/x/ {print $1}' ${config}`,
  "systemctl enable kubelet\nsystemctl enable --now containerd",
  "cp $FILES /opt/",
  "cp a $TARGET",
  `gzip -dc ${config}.gz | head`,
  `zcat ${config}.gz`,
  `ssh root@node cat ${config}`,
  `sed -n '/w/p' ${config}`,
  "echo '/dev/sdb /data ext4 defaults 0 0' >> /etc/fstab",
  "echo 'd /var/lib/kubelet 0750 root root' > /etc/tmpfiles.d/k.conf",
  "echo 'print(1)' | python3 -",
  "systemd-confext status",
];

describe("what a script puts before a file of Kubernetes", () => {
  for (const command of commands) {
    it(`is said: ${command}`, () => {
      assert.deepEqual(bothSay("run.sh", `#!/bin/bash\n${command}\n`), [true, true]);
    });
  }

  for (const command of harmless) {
    it(`is nothing: ${command.replaceAll("\n", "; ")}`, () => {
      assert.deepEqual(bothSay("run.sh", `#!/bin/bash\n${command}\n`), [false, false]);
    });
  }

  it("is nothing where the script writes the file anew", () => {
    const text = kubeletConfiguration("bootstrap");
    const script = `#!/bin/sh\nrm -f ${config}\ncat > ${config} <<'E'\n${text}E\n`;
    assert.deepEqual(bothSay("run.sh", script), [false, false]);
  });
});

describe("what a kubelet's unit puts before the files of the machine", () => {
  const with_ = (line: string): boolean[] => {
    const unit = kubeletUnit().replace("[Service]", `[Service]\n${line}`);
    return bothSay("kubelet.service", unit);
  };

  for (const line of [
    "RootDirectory=/opt/root",
    "RootImage=/opt/root.raw",
    `BindPaths=/tmp/x:${config}`,
    "BindReadOnlyPaths=/opt/k8s:/etc/kubernetes:rbind",
    "TemporaryFileSystem=/etc/kubernetes:ro",
    "ExtensionImages=/opt/x.raw",
  ]) {
    it(`is said: ${line}`, () => assert.deepEqual(with_(line), [true, true]));
  }

  for (const line of [
    "",
    "RootDirectory=/",
    "RootDirectory=/x\nRootDirectory=",
    "BindPaths=/etc/kubernetes /var/lib/kubelet",
    "BindReadOnlyPaths=/opt/bin:/usr/local/bin",
    "TemporaryFileSystem=/tmp",
  ]) {
    it(`is nothing: ${line}`, () => {
      assert.deepEqual(with_(line), with_(""));
    });
  }
});

describe("what cloud-init mounts over a folder of Kubernetes", () => {
  const mounts = (device: string, folder: string, more = "") =>
    bothSay(
      "user-data",
      `#cloud-config\nmounts: [[${device}, ${folder}, auto, defaults]]\n${more}`,
    );

  it("is said, unless its file system is made anew or is elsewhere", () => {
    assert.deepEqual(mounts("/opt/k8s", "/etc/kubernetes"), [true, true]);
    assert.deepEqual(mounts("/dev/sdb", "/var/lib/kubelet"), [true, true]);
    const fresh = "fs_setup: [{device: /dev/sdb, filesystem: ext4}]\n";
    assert.deepEqual(mounts("/dev/sdb", "/var/lib/kubelet", fresh), [false, false]);
    assert.deepEqual(mounts("/dev/sdb", "/data"), [false, false]);
  });
});

describe("what a machine mounts over a folder of Kubernetes by itself", () => {
  const unit = (lines: string) => bothSay("a.mount", `[Unit]\nDescription=x\n[Mount]\n${lines}\n`);
  const disks = (entry: string) =>
    bothSay(
      "config.ign",
      `{"ignition": {"version": "3.4.0"}, "storage": {"filesystems": [${entry}]}}`,
    );

  it("is said of a mount unit, and a disk of its own named", () => {
    assert.deepEqual(unit(`What=/opt/x\nWhere=${config}\nType=none\nOptions=bind`), [true, true]);
    assert.deepEqual(unit("What=nfs:/k\nWhere=/etc/kubernetes\nType=nfs"), [true, true]);
    assert.deepEqual(unit("What=/dev/sdb\nWhere=/var/lib/kubelet\nType=xfs"), [false, false]);
    assert.deepEqual(unit("What=/dev/sdb\nWhere=/data\nType=xfs"), [false, false]);
  });

  it("is said of Ignition's file systems that are kept", () => {
    const kept = '"device": "/dev/sdb", "path": "/etc/kubernetes"';
    assert.deepEqual(disks(`{${kept}}`), [true, true]);
    assert.deepEqual(disks(`{${kept}, "format": "ext4"}`), [false, false]);
    assert.deepEqual(disks(`{${kept}, "wipeFilesystem": true}`), [false, false]);
  });
});

describe("a configuration of k3s or RKE2", () => {
  const file = (text: string, path = "/etc/rancher/k3s/config.yaml") =>
    bothSay(
      "user-data",
      `#cloud-config\nwrite_files:\n- path: ${path}\n  content: ${JSON.stringify(text)}\n`,
    );

  it("is a note where nothing in it speaks of kubelets and kube-apiserver", () => {
    for (const text of [
      "tls-san: [a]\ntoken: x\n",
      "write-kubeconfig-mode: '0644'\nsecrets-encryption: true\n",
      "server: https://10.0.0.1:6443\ntoken: '{{ token }}'\nprotect-kernel-defaults: true\n",
    ]) {
      assert.deepEqual(file(text), [false, false], text);
      assert.deepEqual(file(text, "/etc/rancher/rke2/config.yaml"), [false, false], text);
    }
    const text =
      "#cloud-config\nwrite_files: [{path: /etc/rancher/rke2/config.yaml, content: 'token: x'}]\n";
    const { stdout } = judged({ "other/user-data": text });
    assert.match(stdout, /what k3s or RKE2 makes of .*config\.yaml/);
  });

  it("is undecidable where something does, or is not known", () => {
    for (const text of [
      "kubelet-arg: [anonymous-auth=true]\n",
      "kubelet-arg: '{{ args }}'\n",
      "kubelet-arg+: [anonymous-auth=true]\n",
      "kubelet-path: /opt/kubelet\n",
      "kube-apiserver-extra-mount: [/a:/b]\n",
      "write-kubeconfig-mode: '{{ mode }}'\n",
    ]) {
      assert.deepEqual(file(text), [true, true], text);
      assert.deepEqual(file(text, "/etc/rancher/rke2/config.yaml.d/9.yaml"), [true, true], text);
    }
  });
});
