import assert from "node:assert/strict";
import { say } from "../../support/pieces.ts";

/** What people hand in that is not read: each is undecidable, and what is not read is named. */
const unread: Readonly<Record<string, readonly [file: string, text: string, named: RegExp]>> = {
  "a unit of k3s": [
    "k3s.service",
    "[Service]\nExecStart=/usr/local/bin/k3s server --kubelet-arg=anonymous-auth=true\n",
    /the flags of "--kubelet-arg/,
  ],
  "a unit of k3s without a flag": [
    "k3s-agent.service",
    "[Service]\nExecStart=/usr/local/bin/k3s agent\n",
    /the kubelet that k3s starts/,
  ],
  "a script that joins an RKE2 cluster": [
    "join.sh",
    "#!/bin/sh\nmkdir -p /etc/rancher/rke2\nexec /usr/local/bin/rke2 agent --server https://10.0.0.1:9345\n",
    /the kubelet that rke2 starts/,
  ],
  "user data that installs k0s": [
    "user-data",
    "#cloud-config\nruncmd:\n  - [/usr/local/bin/k0s, install, worker, --token-file, /etc/k0s/token]\n",
    /the kubelet that k0s starts/,
  ],
  "variables of kubespray": [
    "k8s-cluster.yml",
    "kubelet_rotate_server_certificates: true\nkube_read_only_port: 10255\n",
    /kubelet_rotate_server_certificates/,
  ],
  "a task of Ansible that renders a template": [
    "main.yml",
    "- name: configuration\n  template:\n    src: kubelet-config.yaml.j2\n    dest: /etc/kubernetes/kubelet-config.yaml\n",
    /main\.yml makes of \/etc\/kubernetes\/kubelet-config\.yaml/,
  ],
  "settings of Bottlerocket": [
    "user-data.toml",
    '[settings.kubernetes]\nserver-tls-bootstrap = true\nauthentication-mode = "aws"\n',
    /user-data\.toml/,
  ],
  "a drop-in without its unit": [
    "override.conf",
    '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--anonymous-auth=true"\n',
    /the unit that override\.conf changes/,
  ],
  "a drop-in of Butane without its unit": [
    "butane.yaml",
    "variant: flatcar\nversion: 1.0.0\nsystemd:\n  units:\n  - name: kubelet.service\n    dropins:\n    - name: 20.conf\n      contents: |\n        [Service]\n        Environment=KUBELET_EXTRA_ARGS=--anonymous-auth=true\n",
    /kubelet\.service\.d\/20\.conf changes/,
  ],
  "a unit that starts a script which is not here": [
    "kubelet.service",
    "[Unit]\nDescription=node\n[Service]\nExecStart=/opt/start.sh\n",
    /the program that kubelet\.service starts/,
  ],
  "arguments of OpenRC": [
    "kubelet.confd",
    'command_args="--anonymous-auth=true"\n',
    /environment file kubelet\.confd/,
  ],
  "a launch configuration of microk8s": [
    "launch.yaml",
    "version: 0.1.0\nextraKubeletArgs:\n  --anonymous-auth: true\n",
    /extraKubeletArgs/,
  ],
  "values of a chart": [
    "chart.yaml",
    "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {name: x}\nspec:\n  valuesContent: |\n    kubelet: {serverTLSBootstrap: true}\n",
    /HelmChartConfig x makes of kubelet/,
  ],
  "a start of minikube": [
    "start.sh",
    "#!/bin/sh\nminikube start --extra-config=kubelet.authentication-token-webhook=true\n",
    /what minikube does/,
  ],
  "JSON with comments": [
    "kubelet.json5",
    "{ // why\n kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', serverTLSBootstrap: true }\n",
    /the kind of kubelet\.json5/,
  ],
  "a template of Terraform": [
    "user-data.sh.tpl",
    "#!/bin/bash\n%{ if verify ~}\nARGS=--rotate-server-certificates\n%{ endif ~}\nkubelet $ARGS\n",
    /user-data\.sh\.tpl, which is a template/,
  ],
  "a unit that is a template of Jinja": [
    "kubelet.service",
    "[Service]\nExecStart=/usr/bin/kubelet --config=/c.yaml \\\n{% if open %}\n  --anonymous-auth=true\n{% endif %}\n",
    /kubelet\.service, which is a template/,
  ],
  "a NixOS module": [
    "configuration.nix",
    '{ services.kubernetes.kubelet = { enable = true; extraOpts = "--anonymous-auth=true"; }; }\n',
    /configuration\.nix/,
  ],
};

/** What speaks of kubelets' surroundings and sets nothing. */
const plain: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "a unit of another program": [
    "node-exporter.service",
    "[Service]\nEnvironment=SCRAPE=kubelet\nExecStart=/usr/bin/node_exporter --port=1\n",
  ],
  "metrics by their names": ["rules.yaml", "expr: kubelet_running_pods > 1\nalert: a\n"],
  "a volume of an unknown kind": [
    "kind.yaml",
    "apiVersion: x/v1\nkind: X\nspec: {volumes: [{hostPath: {path: /etc/kubernetes/pki}}]}\n",
  ],
};

describe("what is not read is never passed over", () => {
  for (const [name, [file, text, named]] of Object.entries(unread)) {
    it(name, () => {
      const said = say({ [file]: text }).filter((one) => one.startsWith("undecidable"));
      assert.ok(
        said.some((one) => named.test(one)),
        `${say({ [file]: text })}`,
      );
    });
  }

  it("a script that is here is not missing from its unit", () => {
    const said = say({
      "kubelet.service": "[Service]\nExecStart=/opt/start.sh\n",
      "start.sh": "#!/bin/sh\nexec kubelet --config=/c.yaml\n",
    });
    assert.deepEqual(said, ["kubelet --config=/c.yaml"]);
  });

  it("user data that has Ansible do the rest is said, and rejects nothing by itself", () => {
    const said = say({
      "user-data":
        "#cloud-config\nansible:\n  pull: [{url: https://example.org/x.git, playbook_name: site.yml}]\n",
    });
    assert.ok(
      said.some((one) => /^noted: what ansible of user-data/.test(one)),
      `${said}`,
    );
  });

  for (const [name, [file, text]] of Object.entries(plain)) {
    it(`${name} is left alone`, () => {
      const said = say({ [file]: text }).filter((one) => one.startsWith("undecidable"));
      assert.deepEqual(said, []);
    });
  }
});
