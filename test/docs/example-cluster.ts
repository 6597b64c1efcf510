/** The files that docs/judge.md and docs/report.md judge. */
import * as fs from "node:fs";
import * as path from "node:path";

const configuration = (fields: string) => `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
${fields}`;

const unit = (name: string) =>
  `[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf --hostname-override=${name}\n`;

const files: Readonly<Record<string, string>> = {
  "kube-apiserver.yaml": `apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
    - image: registry.k8s.io/kube-apiserver:v1.37.2
      command:
        - kube-apiserver
        - --authorization-mode=Node,RBAC
        - --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt
        - --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
        - --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
        - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
`,
  "worker-0/kubelet.service": unit("worker-0"),
  "worker-0/config.yaml": configuration(""),
  "worker-1/kubelet.service": unit("worker-1"),
  "worker-1/config.yaml": configuration("serverTLSBootstrap: true\n"),
};

/** Writes them below `cluster/` in a folder: one kubelet signs for itself, one requests its certificate. */
export function writeExampleCluster(folder: string): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, "cluster", name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}
