import assert from "node:assert/strict";
import { sayText } from "../../support/pieces.ts";

const said = (line: string) => sayText(`#!/bin/sh\n${line}\n`);
const config = "/var/lib/kubelet/config.yaml";

/** Lines after which nobody knows what a file of Kubernetes holds, by what they are said to make. */
const writing: readonly (readonly [string, string])[] = [
  ["rsync -a root@h:/etc/kubernetes/ /etc/kubernetes/", "rsync makes of /etc/kubernetes/"],
  ["rsync -e 'ssh -p 2' -a overlay/ /", "rsync makes of /"],
  ["tar -C / -xzf k8s.tgz", "tar makes of /"],
  ["tar xzf pki.tgz -C /etc/kubernetes", "tar makes of /etc/kubernetes"],
  ["cd /etc/kubernetes && tar xf /tmp/pki.tar", "tar makes of /etc/kubernetes"],
  ["cd /etc/kubernetes/pki; curl -O https://x/ca.crt", "curl makes of /etc/kubernetes/pki/ca.crt"],
  [
    "openssl req -x509 -out /var/lib/kubelet/pki/kubelet.crt",
    "openssl makes of /var/lib/kubelet/pki/kubelet.crt",
  ],
  ["wget -P /etc/kubernetes https://x/kubelet.conf", "wget makes of /etc/kubernetes/kubelet.conf"],
  [`wget -qO${config} https://x`, `wget makes of ${config}`],
  [`sudo -u root timeout 30 curl -fsSLo ${config} https://x`, `curl makes of ${config}`],
  [`aws s3 cp s3://b/c.yaml ${config} --region eu`, `aws makes of ${config}`],
  [`gsutil cp gs://b/c.yaml ${config}`, `gsutil makes of ${config}`],
  [`python3 -c 'open("${config}","w")'`, `python3 makes of ${config}`],
  [`yq -i .a=1 ${config}`, `yq makes of ${config}`],
  [`jq .a=1 /tmp/x > ${config}`, `jq makes of ${config}`],
  [`envsubst < /tmp/t | sudo tee ${config}`, `tee makes of ${config}`],
  ["augtool set /files/etc/default/kubelet/X y", "augtool makes of /etc/default/kubelet/X"],
  [
    "systemctl edit kubelet",
    "systemctl makes of /etc/systemd/system/kubelet.service.d/override.conf",
  ],
  ["my-tool --out /etc/kubernetes/manifests", "my-tool makes of /etc/kubernetes/manifests"],
  ["git clone https://x/k /etc/kubernetes", "git makes of /etc/kubernetes"],
  [`scp h:/x ${config}`, `scp makes of ${config}`],
  [`ln -s /srv/c.yaml ${config}`, `ln makes of ${config}`],
  [`ed -s ${config} <<< w`, `ed makes of ${config}`],
];

/** Lines that leave the files of Kubernetes as they are. */
const harmless = [
  "rsync -a /etc/kubernetes/ backup:/x/",
  "tar -C / -xzf cri-containerd-cni-1.7.tar.gz",
  "tar -C /usr/local -xzf containerd.tgz",
  "tar czf /root/b.tgz /etc/kubernetes",
  "openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -text",
  "curl -L https://x/kubelet -o /usr/local/bin/kubelet",
  "my-tool --kubeconfig=/etc/kubernetes/kubelet.conf get",
  "etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt health",
  "cp /etc/kubernetes/admin.conf /root/.kube/config",
  "chmod 600 /etc/kubernetes/kubelet.conf",
  "[ -f /etc/kubernetes/kubelet.conf ] && cat /etc/kubernetes/kubelet.conf",
  "systemctl enable --now kubelet",
  "apt-get install -y kubelet kubeadm",
];

describe("what a script writes and is not read", () => {
  for (const [line, made] of writing) {
    it(line, () => assert.deepEqual(said(line), [`undecidable: what ${made} in text`]));
  }

  for (const line of harmless) {
    it(`not by ${line}`, () => assert.deepEqual(said(line), []));
  }
});

describe("what a script does and is not read", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "systemctl set-environment KUBELET_EXTRA_ARGS=--anonymous-auth=true": [
      "undecidable: what systemctl does with settings of kubelets (text)",
    ],
    'curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC="--kubelet-arg=anonymous-auth=true" sh -': [
      "undecidable: the script that sh gets from curl runs (text)",
    ],
    'export INSTALL_K3S_EXEC="--kubelet-arg=anonymous-auth=true"\ncurl https://get.k3s.io | sh -': [
      "undecidable: the program that is given the variable INSTALL_K3S_EXEC (text)",
      "noted: the script that sh gets from curl runs (text)",
    ],
    "bash <(curl -s https://x/setup.sh)": [
      "noted: the script that bash gets from another command runs (text)",
    ],
    'sh -c "$(curl -fsSL https://x/install.sh)"': [
      "noted: the script that a shell gets from curl runs (text)",
    ],
    "curl -o /tmp/kubelet.sh https://x; bash /tmp/kubelet.sh": [
      "undecidable: the script that /tmp/kubelet.sh runs (text)",
      "undecidable: what curl makes of /tmp/kubelet.sh in text",
    ],
    "ansible-playbook site.yml": ["noted: what ansible-playbook does (text)"],
    "ansible-playbook kubelet.yml": ["undecidable: what ansible-playbook does (text)"],
    "kubectl apply -f https://x/calico.yaml": [
      "noted: the manifest that kubectl apply is given (text)",
    ],
    "kubectl apply -f https://x/kubelet-csr-approver.yaml": [
      "undecidable: the manifest that kubectl apply is given (text)",
    ],
    "kubectl -n kube-system edit cm kubelet-config": [
      "undecidable: what kubectl edit makes of kubeadm's ConfigMap (text)",
    ],
    "kubectl create clusterrolebinding open --clusterrole=cluster-admin --user=system:anonymous": [
      "rbac open",
    ],
    "kubectl get nodes -o wide": [],
  };
  for (const [line, expected] of Object.entries(cases)) {
    it(line, () => assert.deepEqual(said(line), expected));
  }
});
