/** Shapes in which settings of kubelets are brought: each is read, or is said to be not read, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource, unknownValue, violationsOf } from "../policies/fake.ts";
import { kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import {
  anyone,
  flags,
  goodResources,
  judged,
  open,
  packSays,
  rejectedByPack,
  type Sent,
} from "./both-doors.ts";

const configuration = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "kubelet-config", namespace: "kube-system" },
  data: { kubelet: open },
};
const asText = JSON.stringify(configuration);
const service = (kind: string, spec: object, group = "argoproj.io/v1alpha1") => ({
  apiVersion: group,
  kind,
  metadata: { name: "x", namespace: "kube-system" },
  spec,
});

/** A value that something else is to put in. */
const unknownText = "{{ .Values.x }}";

/** Objects, which are resources of a stack as they are files. */
const objects: Readonly<Record<string, readonly [Record<string, unknown>, RegExp]>> = {
  "Kustomize's patch in an Application": [
    service("Application", { source: { path: "x", kustomize: { patches: [{ patch: asText }] } } }),
    anyone,
  ],
  "a JSON patch in an Application": [
    service("Application", {
      source: {
        kustomize: {
          patches: [
            {
              target: { kind: "ConfigMap", name: "kubelet-config" },
              patch: JSON.stringify([{ op: "replace", path: "/data/kubelet", value: open }]),
            },
          ],
        },
      },
    }),
    anyone,
  ],
  "values of an ApplicationSet": [
    service("ApplicationSet", {
      template: {
        spec: { sources: [{ chart: "raw", helm: { values: `resources: [${asText}]` } }] },
      },
    }),
    anyone,
  ],
  "postRenderers of a HelmRelease": [
    service(
      "HelmRelease",
      {
        chart: { spec: { chart: "raw" } },
        postRenderers: [{ kustomize: { patches: [{ patch: asText }] } }],
      },
      "helm.toolkit.fluxcd.io/v2",
    ),
    anyone,
  ],
  "values of metrics-server from elsewhere": [
    service(
      "HelmRelease",
      {
        chart: { spec: { chart: "metrics-server" } },
        valuesFrom: [{ kind: "ConfigMap", name: "v" }],
      },
      "helm.toolkit.fluxcd.io/v2",
    ),
    /valuesFrom of .*HelmRelease/,
  ],
  "Gardener's Shoot": [
    service("Shoot", { kubernetes: unknownText }, "core.gardener.cloud/v1beta1"),
    /spec\.kubernetes of .*Shoot/,
  ],
  "a file in OpenShift's MachineConfig": [
    service(
      "MachineConfig",
      {
        config: {
          ignition: { version: "3.4.0" },
          storage: {
            files: [
              {
                path: "/etc/kubernetes/kubelet.conf",
                contents: { source: `data:,${encodeURIComponent(open)}` },
              },
            ],
          },
        },
      },
      "machineconfiguration.openshift.io/v1",
    ),
    anyone,
  ],
  "a kubelet in an image of another name": [
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent" },
      spec: {
        template: { spec: { containers: [{ name: "a", image: "agent", args: flags.split(" ") }] } },
      },
    },
    /the flags of "--anonymous-auth=true"/,
  ],
  "HyperShift's NodePool": [
    service("NodePool", { config: [{ name: "kubelet" }] }, "hypershift.openshift.io/v1beta1"),
    /what OpenShift makes of/,
  ],
};

/** Files, which a ConfigMap holds as well. */
const files: Readonly<Record<string, readonly [file: string, text: string, RegExp]>> = {
  "an entrypoint with its arguments beside it": [
    "compose.yml",
    'services:\n  node:\n    image: x\n    entrypoint: [/kubelet]\n    command: ["--anonymous-auth=true"]\n',
    anyone,
  ],
  "a container as crictl inspects it": [
    "inspect.json",
    JSON.stringify({
      info: {
        runtimeSpec: { process: { args: ["kubelet", ...flags.split(" "), "--kubeconfig=/k"] } },
      },
    }),
    anyone,
  ],
  "a task of Nomad's": [
    "kubelet.nomad.json",
    JSON.stringify({
      Job: { Tasks: [{ Config: { command: "/usr/bin/kubelet", args: flags.split(" ") } }] },
    }),
    anyone,
  ],
  "a kubelet's own flags, of whatever program": [
    "agent.json",
    JSON.stringify({ agent: { image: "x/agent", args: flags.split(" ") } }),
    /the flags of "--anonymous-auth=true"/,
  ],
  "arguments in XML": [
    "kubelet.plist",
    "<?xml version='1.0'?>\n<plist><array><string>/kubelet</string><string>--anonymous-auth=true</string></array></plist>\n",
    /kubelet\.plist/,
  ],
  "a state of Salt with its source elsewhere": [
    "kubelet.sls",
    "/var/lib/kubelet/config.yaml:\n  file.managed:\n    - source: salt://kubelet.yaml\n",
    /makes of \/var\/lib\/kubelet\/config\.yaml/,
  ],
  "a state of Salt with the text": [
    "states.sls",
    `/var/lib/kubelet/config.yaml:\n  file.managed:\n    - contents: ${JSON.stringify(open)}\n`,
    anyone,
  ],
  "a script out of a process substitution": [
    "run.sh",
    `#!/bin/bash\nbash <(echo 'kubelet ${flags}')\n`,
    /the script that bash gets from another command/,
  ],
  "a ConfigMap of kubeadm's that kubectl creates": [
    "run.sh",
    "#!/bin/sh\nkubectl create cm kubelet-config -n kube-system --from-file=kubelet=/tmp/k\n",
    /what kubectl create makes of kubeadm's ConfigMap/,
  ],
  "a kubelet by another name": [
    "agent.service",
    `[Service]\nExecStart=/usr/local/bin/agent ${flags}\n`,
    /the flags of "--anonymous-auth=true"/,
  ],
  "a link to a kubelet, which is started": [
    "run.sh",
    "#!/bin/sh\nln -sf /opt/bin/kubelet /usr/local/bin/agent\nexec agent --config=/x\n",
    /agent|\/x/,
  ],
  "a line behind a KubeletConfiguration": [
    "run.sh",
    "#!/bin/sh\necho 'authorization: {mode: AlwaysAllow}' >> /var/lib/kubelet/config.yaml\n",
    /what echo, at the end of what is there, makes of \/var\/lib\/kubelet\/config\.yaml/,
  ],
  "files that xargs hands on": [
    "run.sh",
    "#!/bin/sh\ngrep -rl Webhook /var/lib/kubelet | xargs sed -i s/Webhook/AlwaysAllow/\n",
    /what sed makes of \/var\/lib\/kubelet/,
  ],
  "base64 in JSON in a text": [
    "settings.json",
    JSON.stringify({
      settings: JSON.stringify({ script: Buffer.from(`kubelet ${flags}`).toString("base64") }),
    }),
    anyone,
  ],
  "a module of NixOS on one line": [
    "configuration.nix",
    '{ services.kubernetes.kubelet.extraConfig.authorization.mode = "AlwaysAllow"; }\n',
    /AlwaysAllow/,
  ],
  "variables of OpenRC": [
    "kubelet",
    `#!/sbin/openrc-run\ncommand=/usr/bin/kubelet\ncommand_args="${flags}"\n`,
    /kubelet/,
  ],
  "hexadecimal digits": ["some.hex", Buffer.from(open).toString("hex"), anyone],
};

describe("a shape in which settings are brought", () => {
  it("is what is wrong: without it, all is well", () => {
    assert.equal(rejectedByPack(), "");
    assert.equal(judged({}).exitCode, 0);
  });

  for (const [name, [object, says]] of Object.entries(objects)) {
    it(`${name} is not passed`, () => {
      const type = `kubernetes:${object.apiVersion}:${object.kind}`;
      assert.match(rejectedByPack(resource(type, "x", object)), says);
      const { exitCode, stdout } = judged({ "object.json": JSON.stringify(object) });
      assert.equal(exitCode, 1);
      assert.match(stdout, says);
    });
  }

  for (const [name, [file, text, says]] of Object.entries(files)) {
    it(`${name} is not passed`, () => {
      assert.match(rejectedByPack(configMap("files", { [file]: text })), says);
      const { exitCode, stdout } = judged({ [`other/${file}`]: text });
      assert.equal(exitCode, 1);
      assert.match(stdout, says);
    });
  }

  it("UTF-32 under a name that decides is not passed", () => {
    const wide = Buffer.from(
      new Uint32Array([..."\ufeffkind: KubeletConfiguration\n"].map((c) => c.codePointAt(0) ?? 0))
        .buffer,
    );
    const { exitCode, stdout } = judged({ "other/kubelet.yaml": wide });
    assert.equal(exitCode, 1);
    assert.match(stdout, /UTF-32/);
  });
});

/** What is usual beside a cluster, names kubelets, and sets nothing of them. */
const ordinary: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "Fluent Bit's sections": [
    "fluent-bit.conf",
    "[INPUT]\n    Name systemd\n    Tag kubelet.*\n    Systemd_Filter _SYSTEMD_UNIT=kubelet.service\n[FILTER]\n    Name kubernetes\n    Use_Kubelet On\n    Kubelet_Port 10250\n",
  ],
  "the folder of a kubelet, as a driver's option": [
    "driver.yaml",
    "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: topolvm}\nspec: {template: {spec: {containers: [{name: a, image: topolvm, command: [/topolvm-node, --kubelet-path=/var/lib/kubelet]}]}}}\n",
  ],
  "what only has the name of one that runs": [
    "vpa.yaml",
    "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: kubelet-csr-approver}\nspec: {targetRef: {kind: Deployment, name: kubelet-csr-approver}}\n",
  ],
  "rules of Falco": [
    "rules.yaml",
    `- rule: Open kubelet\n  desc: kubelet ${flags} was started\n  condition: spawned_process and proc.cmdline contains "kubelet --config"\n  output: kubelet ${flags} (%proc.cmdline)\n  priority: WARNING\n- macro: open\n  condition: proc.name = kubelet and proc.args contains "${flags}"\n`,
  ],
  "a rule of Sigma": [
    "sigma.yaml",
    `title: Open kubelet\nlogsource: {category: process_creation}\ndetection:\n  selection:\n    CommandLine|contains: ["kubelet ${flags}"]\n  condition: selection\n`,
  ],
  "a rule of Sigma with fields of its own": [
    "sigma.yaml",
    `title: Open kubelet\nlogsource: {product: linux}\ndetection:\n  selection:\n    CommandLine|contains: ["kubelet ${flags}"]\n  condition: selection\nsimulation: [{type: x}]\nteam: a\n`,
  ],
  "controls of InSpec": [
    "kubelet.rb",
    `# encoding: utf-8\ncontrol 'cis-4.2.1' do\n  title 'Ensure that --anonymous-auth is false'\n  describe processes('kubelet').commands.to_s do\n    it { should_not match(/${flags}/) }\n  end\n  describe file('/var/lib/kubelet/config.yaml') do\n    its('mode') { should cmp '0600' }\n  end\nend\n`,
  ],
  "a script that prints and looks": [
    "look.sh",
    `#!/bin/sh\n# never: kubelet ${flags}\necho "restart kubelet with --anonymous-auth=false" >&2\nps aux | grep 'kubelet ${flags}' && exit 1\nsystemctl restart kubelet\n`,
  ],
  "OpenShift's MachineConfig for something else": [
    "machine-config.yaml",
    `apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata: {name: x}\nspec:\n  config:\n    ignition: {version: 3.4.0}\n    storage: {files: [{path: /etc/chrony.conf, contents: {source: "data:,pool%20x"}}]}\n`,
  ],
  "a kubelet that is put in its place": [
    "run.sh",
    "#!/bin/sh\nln -sf /opt/k8s/kubelet /usr/local/bin/kubelet\nfind /var/lib/kubelet/pods | xargs -r umount\necho '10.0.0.1 a' >> /etc/hosts\n",
  ],
  "controls of kube-bench": [
    "node.yaml",
    `controls:\nversion: cis-1.9\nid: 4\ntext: Worker\ntype: node\ngroups:\n- id: 4.2\n  text: Kubelet\n  checks:\n  - id: 4.2.1\n    text: Ensure that --anonymous-auth is false\n    audit: /bin/ps -fC $kubeletbin\n    tests: {test_items: [{flag: --anonymous-auth, compare: {op: eq, value: false}}]}\n    remediation: kubelet --anonymous-auth=false\n`,
  ],
  "alerts of Loki": [
    "alerts.yaml",
    `groups:\n- name: kubelet\n  rules:\n  - alert: Open\n    expr: 'count_over_time({unit="kubelet.service"} |= "kubelet ${flags}" [5m]) > 0'\n`,
  ],
  "a dashboard": [
    "kubelet.json",
    '{"title": "Kubelet", "panels": [{"type": "graph", "targets": [{"expr": "up", "legendFormat": "kubelet --config"}]}]}',
  ],
  "a policy in Rego": [
    "kubelet.rego",
    `package k8s\n\ndeny contains msg if {\n  contains(input.command, "kubelet ${flags}")\n  msg := "kubelet ${flags}"\n}\n`,
  ],
  "rules of auditd": [
    "k8s.rules",
    "## kubelet\n-w /usr/bin/kubelet -p x -k kubelet\n-w /var/lib/kubelet/config.yaml -p wa -k kubelet\n",
  ],
  "a rule of YARA": [
    "k8s.yar",
    `rule Open {\n  strings:\n    $a = "kubelet ${flags}"\n  condition:\n    $a\n}\n`,
  ],
  "rules of Wazuh": [
    "rules.xml",
    `<!-- own -->\n<group name="k8s"><rule id="1"><match>kubelet ${flags}</match></rule></group>\n`,
  ],
  "a check of Checkov": [
    "check.yaml",
    `metadata: {id: X_1, name: kubelet}\ndefinition: {cond_type: attribute, attribute: command, operator: not_contains, value: "kubelet ${flags}"}\n`,
  ],
  "a query of osquery": [
    "osquery.conf",
    `{"schedule": {"kubelet": {"query": "SELECT * FROM processes WHERE cmdline LIKE '%kubelet ${flags}%'", "interval": 60}}}\n`,
  ],
  "a check of Polaris": [
    "polaris.yaml",
    `customChecks:\n  kubelet:\n    failureMessage: kubelet ${flags}\n    schema: {pattern: "^kubelet.*--anonymous-auth=true"}\n`,
  ],
  "a policy of Kyverno that forbids": [
    "policy.yaml",
    `apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: x}\nspec:\n  rules:\n  - name: x\n    validate: {message: "kubelet ${flags}", pattern: {spec: {containers: [{command: ["!kubelet ${flags}"]}]}}}\n`,
  ],
  "a ValidatingAdmissionPolicy": [
    "policy.yaml",
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: x}\nspec: {validations: [{expression: \"!object.spec.containers.exists(c, c.command.exists(w, w.contains('kubelet --config')))\"}]}\n",
  ],
  "a template of Gatekeeper": [
    "template.yaml",
    'apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: x}\nspec:\n  targets:\n  - rego: |\n      package x\n      violation[{"msg": msg}] {\n        contains(input.command, "kubelet --config")\n        msg := "no"\n      }\n',
  ],
  "a constraint of Gatekeeper": [
    "constraint.yaml",
    `apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Deny\nmetadata: {name: x}\nspec: {parameters: {forbidden: ["kubelet ${flags}"]}}\n`,
  ],
  "a policy of Tetragon": [
    "policy.yaml",
    `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec: {kprobes: [{selectors: [{matchArgs: [{values: ["kubelet ${flags}"]}]}]}]}\n`,
  ],
  "a filter of Vector": [
    "vector.yaml",
    "transforms:\n  f: {type: filter, condition: 'contains(string!(.message), \"kubelet --config\")'}\n",
  ],
  "a message of the day": ["motd", "Do not run kubelet --config by hand.\n"],
  "a page for people": [
    "runbook.md",
    "# Runbook\nIf a kubelet is not ready, look for --anonymous-auth, and restart it.\n",
  ],
};

describe("what sets nothing of kubelets", () => {
  for (const [name, [file, text]] of Object.entries(ordinary)) {
    it(`is passed: ${name}`, () => {
      assert.equal(rejectedByPack(configMap("files", { [file]: text })), "");
      assert.equal(judged({ [`other/${file}`]: text }).exitCode, 0);
    });
  }

  it("makes no objects: rules that do are read", () => {
    const generate = { name: "x", generate: { data: configuration } };
    const policy = (rule: object) => ({
      ...service("ClusterPolicy", { rules: [rule] }, "kyverno.io/v1"),
      metadata: { name: "x" },
    });
    const mutate = { name: "x", mutate: { patchStrategicMerge: configuration } };
    const beside = { rule: "x", condition: "y", userData: `#!/bin/sh\nkubelet ${flags}\n` };
    for (const made of [policy(generate), policy(mutate), beside]) {
      const text = JSON.stringify(made);
      assert.match(rejectedByPack(configMap("files", { "x.json": text })), anyone);
      assert.equal(judged({ "other/x.json": text }).exitCode, 1);
    }
    const inspec = `control 'x' do\n  describe file('/x') do\n  end\nend\n`;
    for (const [name, text] of [
      ["x.rb", `${inspec}exec "kubelet ${flags}"\n`],
      ["x.rb", `template '/etc/kubernetes/kubelet.yaml' do\n  source 'kubelet.erb'\nend\n`],
      [
        "x.pp",
        `file { '/var/lib/kubelet/config.yaml':\n  source => 'puppet:///kubelet.yaml',\n}\n`,
      ],
      [
        "sigma.yaml",
        `title: x\nlogsource: {product: linux}\ndetection: {condition: a}\nuserData: "#!/bin/sh\\nkubelet ${flags}\\n"\n`,
      ],
      ["run.sh", `#!/bin/sh\necho "kubelet ${flags}" | at now\n`],
      ["run.sh", `#!/bin/sh\necho "kubelet ${flags}" > $FILE\n`],
      ["run.sh", `package x\nkubelet ${flags}\n`],
      ["run.rules", `kubelet ${flags}\n`],
      ["kubelet.rules", "--anonymous-auth=true\n"],
      [
        "kubelet.xml",
        "<array><string>kubelet</string><string>--anonymous-auth=true</string></array>",
      ],
    ] as const) {
      assert.notEqual(rejectedByPack(configMap("files", { [name]: text })), "");
      assert.equal(judged({ [`other/${name}`]: text }).exitCode, 1);
    }
    assert.notEqual(
      rejectedByPack(configMap("files", { motd: `#!/bin/sh\nkubelet ${flags}\n` })),
      "",
    );
  });

  it("is a taint of new nodes that others take away, which an approver need not tolerate", () => {
    const sides = (key: string) => {
      const kubelet = kubeletConfiguration(
        "bootstrap",
        `registerWithTaints: [{key: ${key}, effect: NoExecute}]\n`,
      );
      const sent = violationsOf([
        ...goodResources.slice(0, 1),
        configMap("nodes", { "kubelet.service": kubeletUnit(), "kubelet-config.yaml": kubelet }),
        ...goodResources.slice(2),
      ]);
      return [
        sent.some(({ enforcementLevel }) => enforcementLevel === "mandatory"),
        judged({ "worker/kubelet-config.yaml": kubelet }).exitCode,
      ];
    };
    assert.deepEqual(sides("node.cilium.io/agent-not-ready"), [false, 0]);
    assert.deepEqual(sides("node.cloudprovider.kubernetes.io/uninitialized"), [false, 0]);
    assert.deepEqual(sides("example.com/new"), [true, 1]);
  });

  it("is named and passed where a cloud's nodes are tuned, and no more", () => {
    const provider = { type: "pulumi:providers:gcp", name: "p", urn: "urn:p", props: {} };
    const said = (kubeletConfig: object) =>
      packSays(
        resource(
          "gcp:container/nodePool:NodePool",
          "x",
          { nodeConfig: { kubeletConfig } },
          { provider },
        ),
      );
    const tuned = said({ cpuManagerPolicy: "static", cpuCfsQuota: true, podPidsLimit: 4096 });
    assert.deepEqual(
      tuned.map(({ enforcementLevel }) => enforcementLevel),
      ["advisory"],
    );
    assert.match(tuned[0]?.message ?? "", /NodePool x makes of nodeConfig\.kubeletConfig/);
    for (const opened of [
      { cpuManagerPolicy: "static", insecureKubeletReadonlyPortEnabled: "TRUE" },
      { cpuManagerPolicy: "static", authorization: unknownValue },
      {},
    ]) {
      assert.ok(said(opened).some(({ enforcementLevel }) => enforcementLevel === "mandatory"));
    }
    const flagged = (kubeletExtraArgs: string) =>
      packSays(resource("eks:index:ManagedNodeGroup", "x", { kubeletExtraArgs }, { provider }));
    assert.deepEqual(
      flagged("--max-pods=110").map(({ enforcementLevel }) => enforcementLevel),
      ["advisory"],
    );
    assert.equal(flagged("--read-only-port=10255")[0]?.enforcementLevel, "mandatory");
  });

  it("is not passed where the pods of its kind are not known", () => {
    const rollout = { spec: { template: unknownValue }, metadata: { name: "kubelet" } };
    const type = "kubernetes:argoproj.io/v1alpha1:Rollout";
    assert.match(rejectedByPack(resource(type, "x", rollout)), /the pods of Rollout kubelet/);
  });

  it("is not passed where a section sets something", () => {
    const text = "[settings.kubernetes]\nserver-tls-bootstrap = true\n";
    assert.notEqual(rejectedByPack(configMap("files", { "some.toml": text })), "");
    assert.equal(judged({ "other/some.toml": text }).exitCode, 1);
  });
});

/** Nodes that a cloud or a distribution starts, with settings of their kubelets. */
type Nodes = (settings: object) => Record<string, unknown>;
const nodes: Readonly<Record<string, Nodes>> = {
  "EKS' NodeConfig": (config) => ({
    ...service("NodeConfig", { cluster: { name: "c" } }, "node.eks.aws/v1alpha1"),
    spec: { cluster: { name: "c" }, kubelet: { config } },
  }),
  "eksctl's ClusterConfig": (kubeletExtraConfig) => ({
    ...service("ClusterConfig", {}, "eksctl.io/v1alpha5"),
    nodeGroups: [{ name: "a", kubeletExtraConfig }],
  }),
  "Gardener's Shoot": (kubelet) =>
    service(
      "Shoot",
      { provider: { workers: [{ kubernetes: { kubelet } }] } },
      "core.gardener.cloud/v1beta1",
    ),
  "kops' InstanceGroup": (kubelet) => service("InstanceGroup", { kubelet }, "kops.k8s.io/v1alpha2"),
  "OpenShift's KubeletConfig": (kubeletConfig) =>
    service("KubeletConfig", { kubeletConfig }, "machineconfiguration.openshift.io/v1"),
  "Config Connector's ContainerNodePool": (kubeletConfig) =>
    service(
      "ContainerNodePool",
      { nodeConfig: { kubeletConfig } },
      "container.cnrm.cloud.google.com/v1beta1",
    ),
};

/** User data of such nodes, by a setting of the kubelet and its flag. */
type UserData = (name: string, value: string | boolean | number) => readonly [string, string];
const userData: Readonly<Record<string, UserData>> = {
  "bootstrap.sh of EKS": (name, value) => [
    "user-data.sh",
    `#!/bin/bash\n/etc/eks/bootstrap.sh c --kubelet-extra-args '--node-labels=a=b --${name}=${value}' --use-max-pods false\n`,
  ],
  "Bottlerocket's settings": (name, value) => [
    "user-data.toml",
    `[settings.kubernetes]\ncluster-name = "c"\n${name} = ${JSON.stringify(value)}\n[settings.kubernetes.node-labels]\na = "b"\n`,
  ],
  "flags of a NodeConfig": (name, value) => [
    "node.yaml",
    `apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {flags: ["--node-labels=a=b", "--${name}=${value}"]}}\n`,
  ],
};

describe("nodes whose programs a cloud starts", () => {
  const bothSay = (sent: readonly Sent[], judgedAs: ReturnType<typeof judged>) => ({
    levels: [...new Set(sent.map(({ enforcementLevel }) => enforcementLevel))],
    texts: sent.map(({ message }) => message).join("\n"),
    exitCode: judgedAs.exitCode,
    stdout: judgedAs.stdout,
  });
  const object = (made: Record<string, unknown>) =>
    bothSay(
      packSays(resource(`kubernetes:${made.apiVersion}:${made.kind}`, "x", made)),
      judged({ "object.json": JSON.stringify(made) }),
    );
  const text = ([name, content]: readonly [string, string]) =>
    bothSay(
      packSays(configMap("files", { [name]: content })),
      judged({ [`other/${name}`]: content }),
    );

  for (const [name, made] of Object.entries(nodes)) {
    it(`are passed with a word where they are tuned: ${name}`, () => {
      const said = object(made({ maxPods: 9, evictionHard: { "memory.available": "5%" } }));
      assert.deepEqual([said.levels, said.exitCode], [["advisory"], 0], said.texts + said.stdout);
      assert.match(said.stdout, /makes of .*kubelet/);
    });

    it(`are not passed with a setting that decides, which is named: ${name}`, () => {
      for (const setting of ["serverTLSBootstrap", "tlsCertFile", "mystery"]) {
        const { levels, texts, exitCode, stdout } = object(made({ maxPods: 9, [setting]: 1 }));
        assert.ok(levels.includes("mandatory") && exitCode === 1, setting);
        assert.match(texts, new RegExp(`makes of .*${setting}`));
        assert.match(stdout, new RegExp(`makes of .*${setting}.*may decide`));
      }
      const smuggled = object(made({ nodeLabels: "a=b --anonymous-auth=true", authorization: {} }));
      assert.deepEqual([smuggled.levels.includes("mandatory"), smuggled.exitCode], [true, 1]);
    });

    it(`are told that they are open: ${name}`, () => {
      const { texts, stdout } = object(made({ authorization: { mode: "AlwaysAllow" } }));
      assert.match(texts, /may do anything on it, exec into every container included/);
      assert.match(stdout, /open to whoever is authenticated: everything/);
    });
  }

  for (const [name, made] of Object.entries(userData)) {
    it(`are judged by their user data: ${name}`, () => {
      const tuned = text(made("max-pods", 110));
      assert.deepEqual([tuned.levels, tuned.exitCode], [["advisory"], 0], tuned.texts);
      for (const [setting, value] of [
        ["server-tls-bootstrap", false],
        ["tls-cert-file", "/x"],
        ["mystery", 1],
        ["max-pods", "1 --anonymous-auth=true"],
      ] as const) {
        const { levels, exitCode } = text(made(setting, value));
        assert.deepEqual([levels.includes("mandatory"), exitCode], [true, 1], setting);
      }
      const open = text(made("authorization-mode", "AlwaysAllow"));
      assert.match(open.texts, /may do anything on it, exec into every container included/);
      assert.match(open.stdout, /open to whoever is authenticated: everything/);
    });
  }

  it("are passed with a word where nothing is set", () => {
    for (const kind of ["NodeConfig", "Shoot"]) {
      const group = kind === "Shoot" ? "core.gardener.cloud/v1beta1" : "node.eks.aws/v1alpha1";
      const said = object(service(kind, { cluster: { name: "c" } }, group));
      assert.deepEqual([said.levels, said.exitCode], [["advisory"], 0]);
    }
  });

  it("are passed where what is set closes a kubelet", () => {
    const kubelet = {
      anonymousAuth: false,
      authorizationMode: "Webhook",
      authenticationTokenWebhook: true,
      readOnlyPort: 0,
    };
    const said = object(service("Cluster", { kubelet }, "kops.k8s.io/v1alpha2"));
    assert.deepEqual([said.levels, said.exitCode], [["advisory"], 0], said.texts);
  });

  it("are not passed with files of their own for a kubelet of which nothing else is known", () => {
    const dropIn = "/etc/kubernetes/kubelet/config.json.d/90-x.conf";
    const bootstrap = "#!/bin/bash\n/etc/eks/bootstrap.sh c --kubelet-extra-args '--max-pods=9'\n";
    const written = (file: string) => `cat > ${file} <<'E'\n${open}E\n`;
    for (const script of [
      written(dropIn),
      "sed -i s/Webhook/AlwaysAllow/ /etc/kubernetes/kubelet/config.json\n",
      "cp /tmp/x /etc/kubernetes/kubelet/config.json\n",
    ]) {
      const said = text(["user-data.sh", `${bootstrap}${script}`]);
      assert.deepEqual([said.levels.includes("mandatory"), said.exitCode], [true, 1], script);
      assert.match(said.texts, /makes of \/etc\/kubernetes/);
    }
    const node = JSON.stringify(nodes["EKS' NodeConfig"]?.({ maxPods: 9 }));
    const part = (type: string, content: string) => `--B\nContent-Type: ${type}\n\n${content}\n`;
    const mime = (script: string) =>
      text([
        "user-data.txt",
        `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n${part("application/node.eks.aws", node)}${part("text/x-shellscript", `#!/bin/sh\n${script}`)}--B--\n`,
      ]);
    assert.equal(mime(written(dropIn)).exitCode, 1);
    assert.equal(mime("sysctl -w a=b\ncat > /etc/motd <<'E'\nhello\nE\n").exitCode, 0);
    const asset = { path: dropIn, content: open };
    const kops = (spec: object) => object(service("Cluster", spec, "kops.k8s.io/v1alpha2"));
    assert.equal(kops({ fileAssets: [asset] }).exitCode, 1);
    assert.equal(kops({ authorization: { alwaysAllow: {} } }).exitCode, 1);
    assert.equal(kops({ kubeAPIServer: { kubeletCertificateAuthority: "/x" } }).exitCode, 1);
    assert.equal(
      kops({ authorization: { rbac: {} }, kubeAPIServer: { eventTTL: "1h" } }).exitCode,
      0,
    );
  });

  it("are not passed where words of a script may be further options", () => {
    for (const more of ["$EXTRA", '"$@"', "--kubelet-extra-args $MORE"]) {
      const script = `#!/bin/bash\n/etc/eks/bootstrap.sh c --kubelet-extra-args '--max-pods=9' ${more}\n`;
      assert.equal(text(["user-data.sh", script]).exitCode, 1, more);
    }
    const known =
      "#!/bin/bash\n/etc/eks/bootstrap.sh $CLUSTER --apiserver-endpoint $URL --kubelet-extra-args '--max-pods=9'\n";
    assert.equal(text(["user-data.sh", known]).exitCode, 0);
  });

  it("are read as resources of a provider, flags in one text or a list", () => {
    const provider = { type: "pulumi:providers:eks", name: "p", urn: "urn:p", props: {} };
    const levels = (props: Record<string, unknown>) => [
      ...new Set(
        packSays(resource("eks:index:NodeGroupV2", "x", props, { provider })).map(
          ({ enforcementLevel }) => enforcementLevel,
        ),
      ),
    ];
    const toml = (settings: object) => ({ settings: { kubernetes: settings } });
    for (const tuned of [
      { kubeletExtraArgs: "--max-pods=110 --node-labels=a=b" },
      { kubeletExtraArgs: ["--max-pods=110"] },
      { bootstrapExtraArgs: "--kubelet-extra-args --max-pods=9 --use-max-pods false" },
      { bottlerocketSettings: toml({ "max-pods": 9 }) },
    ]) {
      assert.deepEqual(levels(tuned), ["advisory"], JSON.stringify(tuned));
    }
    for (const deciding of [
      { kubeletExtraArgs: "--max-pods=110 --anonymous-auth=true" },
      { kubeletExtraArgs: ["--max-pods=110", "--anonymous-auth=true"] },
      { kubeletExtraArgs: ["--anonymous-auth", "false"] },
      { bootstrapExtraArgs: "--kubelet-extra-args --tls-cert-file=/x" },
      { bottlerocketSettings: toml({ "max-pods": 9, "server-tls-bootstrap": false }) },
      { bottlerocketSettings: toml({ "max-pods": 9, mystery: unknownValue }) },
    ]) {
      assert.ok(levels(deciding).includes("mandatory"), JSON.stringify(deciding));
    }
  });
});

/** Scripts that say something together: read through, or said. */
const together: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a file that one writes and another sources": {
    "a.sh": `#!/bin/sh\necho 'ARGS="${flags}"' > /etc/k.env\n`,
    "b.sh": "#!/bin/sh\n. /etc/k.env\nkubelet --config=/c.yaml $ARGS\n",
  },
  "a file that stands beside and is sourced": {
    "x.env": `ARGS="${flags}"\n`,
    "b.sh": "#!/bin/sh\n. ./x.env\nkubelet $ARGS\n",
  },
  "a sourced function": {
    "lib.sh": `begin() {\n  kubelet ${flags}\n}\n`,
    "b.sh": "#!/bin/sh\n. ./lib.sh\nbegin\n",
  },
  "a function's arguments": { "b.sh": `#!/bin/sh\nrun() { "$@"; }\nrun kubelet ${flags}\n` },
  "one argument of a function": {
    "b.sh": `#!/bin/sh\nput() { echo "KUBELET_EXTRA_ARGS=$1" > /etc/default/kubelet; }\nput '${flags}'\n`,
  },
  "another script's arguments": {
    "b.sh": '#!/bin/sh\nexec kubelet "$@"\n',
    "c.sh": `#!/bin/sh\n./b.sh ${flags}\n`,
  },
  "an environment file that a script writes": {
    "kubelet.service":
      "[Service]\nEnvironmentFile=/etc/x.env\nExecStart=/usr/bin/kubelet --config=/c.yaml $A\n",
    "a.sh": `#!/bin/sh\necho 'A=${flags}' > /etc/x.env\n`,
  },
};

describe("scripts that say something together", () => {
  for (const [name, scripts] of Object.entries(together)) {
    it(`are not passed: ${name}`, () => {
      assert.notEqual(rejectedByPack(configMap("scripts", scripts)), "");
      const beside = Object.entries(scripts).map(([file, text]) => [`other/${file}`, text]);
      assert.equal(judged(Object.fromEntries(beside)).exitCode, 1);
    });
  }
});

describe("a resource that is none of Kubernetes", () => {
  const provider = { provider: { type: "p", props: {}, urn: "urn:p", name: "p" } };
  const made = (type: string, props: Record<string, unknown>) =>
    rejectedByPack(resource(type, "x", props, provider));
  const to = { remotePath: "/var/lib/kubelet/config.yaml" };
  const says = /makes of \/var\/lib\/kubelet\/config\.yaml/;

  it("copies a file of Kubernetes from where it is not read", () => {
    assert.match(made("command:remote:CopyFile", { ...to, localPath: "k.yaml" }), says);
    assert.match(made("command:remote:CopyToRemote", { ...to, source: unknownValue }), says);
    const asset = { __pulumiAsset: true, path: "k.yaml" };
    assert.match(made("command:remote:CopyToRemote", { ...to, source: asset }), says);
    const upload = { file: to.remotePath, source: "./k.yaml" };
    assert.match(made("docker:index/container:Container", { image: "x", uploads: [upload] }), says);
  });

  it("mounts a folder of Kubernetes, and copies nothing", () => {
    const mount = { source: "/etc/kubernetes", destination: "/etc/kubernetes" };
    assert.equal(made("docker:index/container:Container", { image: "x", mounts: [mount] }), "");
  });

  it("starts a kubelet by its entry point", () => {
    const container = { image: "x", entrypoints: ["/kubelet"], command: ["--anonymous-auth=true"] };
    assert.match(made("docker:index/container:Container", container), anyone);
  });
});

describe("a chart among a stack's resources", () => {
  const release = (props: Record<string, unknown>, type = "kubernetes:helm.sh/v3:Release") =>
    packSays(resource(type, "x", props));
  const texts = (sent: readonly Sent[]) =>
    sent.map(({ enforcementLevel, message }) => `${enforcementLevel}: ${message}`).join("\n");
  const metrics = { chart: "metrics-server" };

  it("is metrics-server, by its own values", () => {
    const insecure = { ...metrics, values: { args: ["--kubelet-insecure-tls"] } };
    for (const type of ["kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart"]) {
      const said = texts(release(insecure, type));
      assert.match(
        said,
        /^advisory: .*Release x does not verify|^advisory: .*Chart x does not verify/,
      );
    }
    assert.equal(texts(release(metrics)), "");
  });

  it("is undecidable where its values are not known", () => {
    for (const more of [{ values: unknownValue }, { valueYamlFiles: [{ __pulumiAsset: true }] }]) {
      assert.match(texts(release({ ...metrics, ...more })), /^mandatory: .*\n(.*\n)*.*value/);
    }
    assert.match(texts(release({ chart: "raw", values: unknownValue })), /^advisory: .*read/);
    assert.equal(texts(release({ chart: "nginx", values: unknownValue })), "");
  });

  it("is a Prometheus that does not verify kubelets, unless it is told otherwise", () => {
    const stack = (kubelet: object) =>
      texts(release({ chart: "kube-prometheus-stack", values: { kubelet } }));
    assert.match(stack({}), /kubelet does not verify its serving certificate/);
    assert.match(stack({ serviceMonitor: { insecureSkipVerify: true } }), /does not verify/);
    assert.equal(stack({ enabled: false }), "");
    assert.equal(stack({ serviceMonitor: { https: false } }), "");
  });
});
