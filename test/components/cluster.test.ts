import assert from "node:assert/strict";
import { parse } from "yaml";
import { Cluster, type ClusterArgs } from "../../components/index.ts";
import { ofType, type Registered, register } from "./mocks.ts";
import { selfSigned } from "./openssl.ts";

const base: ClusterArgs = {
  controlPlanes: [{ name: "cp-0", addresses: ["10.240.0.10"] }],
  nodePools: [
    { name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.11"] }] },
    {
      name: "burst",
      servingMode: "bootstrap",
      nodes: [{ name: "burst-0", addresses: ["10.240.0.21", "fd00::21"] }],
    },
  ],
};

const build = (args: Partial<ClusterArgs> = {}) =>
  register(() => new Cluster("cluster", { ...base, ...args }));

/** The files of a machine, by path, decoded. */
function files(registered: readonly Registered[], machine: string): Record<string, string> {
  const secret = ofType(registered, "Secret").find(
    ({ inputs }) => inputs.metadata.name === `host-files-${machine}`,
  );
  assert.ok(secret, `no host files for ${machine}`);
  const { data } = secret.inputs;
  const decode = (key: string) => Buffer.from(data[key], "base64").toString();
  const list: { path: string; key: string }[] = JSON.parse(decode("files.json"));
  return Object.fromEntries(list.map(({ path, key }) => [path, decode(key)]));
}

function apiServerPod(registered: readonly Registered[], machine = "cp-0") {
  return parse(files(registered, machine)["/etc/kubernetes/manifests/kube-apiserver.yaml"] ?? "");
}

function find(registered: readonly Registered[], type: string, name: string): Registered {
  const found = ofType(registered, type).find(({ inputs }) => inputs.metadata.name === name);
  assert.ok(found, `no ${type} ${name}`);
  return found;
}

describe("Cluster", () => {
  it("gives each machine one host-files Secret of the agreed form", async () => {
    const registered = await build();
    const { inputs } = find(registered, "Secret", "host-files-worker-0");
    assert.equal(inputs.type, "kubelet-trust/host-files");
    assert.deepEqual(inputs.metadata, {
      name: "host-files-worker-0",
      namespace: "kube-system",
      labels: {
        "kubelet-trust/cluster": "cluster",
        "kubelet-trust/machine": "worker-0",
        "kubelet-trust/role": "node",
        "kubelet-trust/pool": "workers",
      },
      annotations: {
        "kubelet-trust/kubernetes-version": "1.37.2",
        "kubelet-trust/addresses": "InternalIP=10.240.0.11,Hostname=worker-0",
        "kubelet-trust/serving-mode": "provisioned",
      },
    });
    const list = JSON.parse(Buffer.from(inputs.data["files.json"], "base64").toString());
    assert.deepEqual(list[0], {
      path: "/etc/kubernetes/kubelet.conf",
      mode: "0600",
      owner: "root:root",
      key: "etc_kubernetes_kubelet.conf",
    });
    const paths = list.map(({ path }: { path: string }) => path);
    assert.deepEqual(paths, [
      "/etc/kubernetes/kubelet.conf",
      "/etc/kubernetes/pki/ca.crt",
      "/etc/sysctl.d/90-kubernetes.conf",
      "/etc/systemd/system/kubelet.service",
      "/var/lib/kubelet/config.yaml",
      "/var/lib/kubelet/pki/kubelet-serving.crt",
      "/var/lib/kubelet/pki/kubelet-serving.key",
    ]);
  });

  it("gives private files to root alone", async () => {
    const registered = await build();
    for (const { inputs } of ofType(registered, "Secret")) {
      if (inputs.type !== "kubelet-trust/host-files") continue;
      const decode = (key: string) => Buffer.from(inputs.data[key], "base64").toString();
      for (const { path, mode, key } of JSON.parse(decode("files.json"))) {
        const isPrivate = /^private |client-key-data/m.test(decode(key));
        const isPublic = /\.(crt|pub)$|^\/etc\/sysctl\.d\//.test(path);
        assert.ok(!isPrivate || !isPublic, path);
        assert.equal(mode, isPublic ? "0644" : "0600", path);
      }
    }
  });

  it("writes the configuration of each pool once, and the same text to its machines", async () => {
    const registered = await build();
    const names = ofType(registered, "ConfigMap").map(({ inputs }) => inputs.metadata.name);
    assert.deepEqual(names.sort(), [
      "kubeadm-config",
      "kubelet-config",
      "kubelet-config-burst",
      "kubelet-config-workers",
    ]);
    const { inputs } = find(registered, "ConfigMap", "kubelet-config-burst");
    assert.equal(parse(inputs.data.kubelet).serverTLSBootstrap, true);
    assert.equal(files(registered, "burst-0")["/var/lib/kubelet/config.yaml"], inputs.data.kubelet);
  });

  it("starts kubelets with flags that every supported version takes", async () => {
    const registered = await build();
    const unit = files(registered, "burst-0")["/etc/systemd/system/kubelet.service"] ?? "";
    assert.match(
      unit,
      /^ExecStart=\/usr\/bin\/kubelet --config=\/var\/lib\/kubelet\/config\.yaml --hostname-override=burst-0 --kubeconfig=\/etc\/kubernetes\/kubelet\.conf --node-ip=10\.240\.0\.21,fd00::21$/m,
    );
  });

  it("issues serving certificates to provisioned kubelets alone, for every address", async () => {
    const registered = await build();
    const serving = ofType(registered, "CertRequest").filter(({ name }) =>
      name.endsWith("kubelet-serving"),
    );
    assert.deepEqual(
      serving.map(({ name, inputs }) => [name, inputs.dnsNames, inputs.ipAddresses]),
      [
        ["cluster/cp-0/kubelet-serving", ["cp-0"], ["10.240.0.10"]],
        ["cluster/workers/worker-0/kubelet-serving", ["worker-0"], ["10.240.0.11"]],
      ],
    );
  });

  it("names external and DNS addresses in serving certificates too", async () => {
    const node = {
      name: "w",
      addresses: [
        "10.240.0.11",
        { type: "ExternalIP" as const, address: "203.0.113.5" },
        { type: "InternalDNS" as const, address: "w.internal" },
      ],
    };
    const registered = await build({ nodePools: [{ name: "p", nodes: [node] }] });
    const request = ofType(registered, "CertRequest").find(
      ({ name }) => name === "cluster/p/w/kubelet-serving",
    );
    assert.deepEqual(request?.inputs.dnsNames, ["w", "w.internal"]);
    assert.deepEqual(request?.inputs.ipAddresses, ["10.240.0.11", "203.0.113.5"]);
  });

  it("under verify names the cluster's CA on both carriers of the flags", async () => {
    const registered = await build();
    const flag = "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt";
    const pod = apiServerPod(registered);
    assert.ok(pod.spec.containers[0].command.includes(flag));
    const { inputs } = find(registered, "ConfigMap", "kubeadm-config");
    const { apiServer } = parse(inputs.data.ClusterConfiguration);
    const carried = apiServer.extraArgs.filter(
      ({ name }: { name: string }) => name === "kubelet-certificate-authority",
    );
    assert.deepEqual(carried, [
      { name: "kubelet-certificate-authority", value: "/etc/kubernetes/pki/ca.crt" },
    ]);
    assert.ok(!("kubelet-trust/reason" in pod.metadata.annotations));
  });

  it("under skip leaves the flag out and says so, with the reason, wherever the flags are", async () => {
    const registered = await build({
      stance: "skip",
      skipReason: "air-gapped rack",
      nodePools: [{ name: "s", servingMode: "selfSigned", nodes: [{ name: "s-0" }] }],
    });
    const expected = {
      "kubelet-trust/kubelet-serving-verification": "skip",
      "kubelet-trust/reason": "air-gapped rack",
    };
    const pod = apiServerPod(registered);
    const command: string[] = pod.spec.containers[0].command;
    assert.ok(!command.some((flag) => flag.startsWith("--kubelet-certificate-authority")));
    for (const annotations of [
      pod.metadata.annotations,
      find(registered, "ConfigMap", "kubeadm-config").inputs.metadata.annotations,
      find(registered, "Secret", "host-files-cp-0").inputs.metadata.annotations,
    ]) {
      for (const [name, value] of Object.entries(expected)) assert.equal(annotations[name], value);
    }
    const node = find(registered, "Secret", "host-files-s-0").inputs.metadata.annotations;
    assert.ok(!("kubelet-trust/reason" in node));
  });

  it("under trustSelfSigned bundles the certificates handed in with the CA, and dials host names", async () => {
    const kubelet = selfSigned({
      subject: "/CN=s-0@1",
      extensions: ["basicConstraints=CA:FALSE", "subjectAltName=DNS:s-0"],
    });
    const registered = await build({
      stance: "trustSelfSigned",
      nodePools: [
        {
          name: "s",
          servingMode: "selfSigned",
          nodes: [{ name: "s-0", addresses: ["10.0.0.9"], selfSignedCertificate: kubelet.certPem }],
        },
      ],
    });
    const bundlePath = "/etc/kubernetes/pki/kubelet-serving-bundle.crt";
    const pod = apiServerPod(registered);
    const command: string[] = pod.spec.containers[0].command;
    assert.ok(command.includes(`--kubelet-certificate-authority=${bundlePath}`));
    assert.ok(command.includes("--kubelet-preferred-address-types=Hostname,InternalIP,ExternalIP"));
    const host = files(registered, "cp-0");
    assert.equal(
      host[bundlePath],
      `${host["/etc/kubernetes/pki/ca.crt"]}${kubelet.certPem.trim()}\n`,
    );
    assert.deepEqual(pod.spec.hostAliases, [
      { ip: "10.240.0.10", hostnames: ["cp-0"] },
      { ip: "10.0.0.9", hostnames: ["s-0"] },
    ]);
  });

  it("refuses a certificate of another machine under trustSelfSigned", async () => {
    const { certPem } = selfSigned({
      subject: "/CN=x",
      extensions: ["subjectAltName=DNS:other"],
    });
    const nodes = [{ name: "s-0", selfSignedCertificate: certPem }];
    await assert.rejects(
      build({
        stance: "trustSelfSigned",
        nodePools: [{ name: "s", servingMode: "selfSigned", nodes }],
      }),
      /nodePools\[0\]\.nodes\[0\]\.selfSignedCertificate: this certificate does not name s-0/,
    );
  });

  it("lets the approver approve the bootstrapping nodes and nobody else", async () => {
    const registered = await build();
    const { inputs } = find(registered, "Deployment", "kubelet-csr-approver");
    const [container] = inputs.spec.template.spec.containers;
    assert.equal(container.image, "postfinance/kubelet-csr-approver:v1.2.14");
    const env = Object.fromEntries(
      container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
    );
    assert.deepEqual(env, {
      PROVIDER_REGEX: "^(burst-0)$",
      PROVIDER_IP_PREFIXES: "10.240.0.21/32,fd00::21/128",
      MAX_EXPIRATION_SEC: "31536000",
      BYPASS_DNS_RESOLUTION: "false",
      ALLOWED_DNS_NAMES: "1",
    });
    const rules = find(registered, "ClusterRole", "kubelet-csr-approver").inputs.rules;
    assert.deepEqual(rules[2], {
      apiGroups: ["certificates.k8s.io"],
      resources: ["signers"],
      resourceNames: ["kubernetes.io/kubelet-serving"],
      verbs: ["approve"],
    });
  });

  it("makes neither approver nor token when no kubelet bootstraps", async () => {
    const registered = await build({ nodePools: [] });
    assert.deepEqual(ofType(registered, "Deployment"), []);
    assert.ok(
      ofType(registered, "Secret").every(({ inputs }) => !inputs.type.startsWith("bootstrap")),
    );
  });

  it("makes a token of the form that kube-apiserver takes, the same every time", async () => {
    const tokens = [await build(), await build()].map((registered) => {
      const secret = ofType(registered, "Secret").find(
        ({ inputs }) => inputs.type === "bootstrap.kubernetes.io/token",
      );
      assert.ok(secret);
      return secret.inputs;
    });
    const [first, second] = tokens;
    assert.deepEqual(first, second);
    assert.match(first.stringData["token-id"], /^[a-z0-9]{6}$/);
    assert.match(first.stringData["token-secret"], /^[a-z0-9]{16}$/);
    assert.equal(first.metadata.name, `bootstrap-token-${first.stringData["token-id"]}`);
    assert.equal(first.stringData["usage-bootstrap-authentication"], "true");
    assert.ok(!("usage-bootstrap-signing" in first.stringData));
    assert.match(first.stringData.expiration, /^\d{4}-\d\d-\d\dT/);
  });

  it("binds what kubeadm binds, but lets nobody become a node unseen", async () => {
    const registered = await build();
    const bindings = ofType(registered, "ClusterRoleBinding").map(({ inputs }) => [
      inputs.metadata.name,
      inputs.roleRef.name,
      inputs.subjects[0].name,
    ]);
    assert.deepEqual(bindings.sort(), [
      [
        "kubeadm:apiserver-kubelet-client",
        "system:kubelet-api-admin",
        "kube-apiserver-kubelet-client",
      ],
      ["kubeadm:cluster-admins", "cluster-admin", "kubeadm:cluster-admins"],
      [
        "kubeadm:kubelet-bootstrap",
        "system:node-bootstrapper",
        "system:bootstrappers:kubeadm:default-node-token",
      ],
      [
        "kubeadm:node-autoapprove-certificate-rotation",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        "system:nodes",
      ],
      ["kubelet-csr-approver", "kubelet-csr-approver", "kubelet-csr-approver"],
      [
        "kubelet-trust:node-certificate-rotation",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        "system:nodes",
      ],
    ]);
  });

  it("looks names up where the stack has written them, so that a node has its own addresses alone", async () => {
    const registered = await build();
    const { inputs } = find(registered, "Deployment", "kubelet-csr-approver");
    assert.deepEqual(inputs.spec.template.spec.hostAliases, [
      { ip: "10.240.0.21", hostnames: ["burst-0"] },
      { ip: "fd00::21", hostnames: ["burst-0"] },
    ]);
  });

  it("lets the approver take requests of nodes that other stacks make", async () => {
    const nodesOfOtherStacks = [{ name: "extra-0", addresses: ["10.240.0.31"] }];
    const registered = await build({ nodesOfOtherStacks });
    const { inputs } = find(registered, "Deployment", "kubelet-csr-approver");
    const { env } = inputs.spec.template.spec.containers[0];
    const value = (name: string) => env.find((one: { name: string }) => one.name === name).value;
    assert.equal(value("PROVIDER_REGEX"), "^(burst-0|extra-0)$");
    assert.match(value("PROVIDER_IP_PREFIXES"), /10\.240\.0\.31\/32$/);
  });

  it("leaves the CA's key off control planes, and with it the signer, when it is told to", async () => {
    const [workers] = base.nodePools;
    assert.ok(workers);
    const registered = await build({ caKeyOnControlPlanes: false, nodePools: [workers] });
    const host = files(registered, "cp-0");
    assert.ok(!("/etc/kubernetes/pki/ca.key" in host));
    const manager = host["/etc/kubernetes/manifests/kube-controller-manager.yaml"] ?? "";
    assert.doesNotMatch(manager, /cluster-signing/);
    assert.match(manager, /root-ca-file/);
  });

  it("makes super-admin.conf for a day, or for as long as it is told, or not at all", async () => {
    const made = async (superAdminHours?: number) => {
      const registered = await build(superAdminHours === undefined ? {} : { superAdminHours });
      const certificate = ofType(registered, "LocallySignedCert").find(({ name }) =>
        name.endsWith("/super-admin"),
      );
      const has = "/etc/kubernetes/super-admin.conf" in files(registered, "cp-0");
      return [has, certificate?.inputs.validityPeriodHours, certificate?.inputs.earlyRenewalHours];
    };
    assert.deepEqual(await made(), [true, 24, 0]);
    assert.deepEqual(await made(2), [true, 2, 0]);
    assert.deepEqual(await made(0), [false, undefined, undefined]);
  });

  it("joins several control planes in one etcd cluster, with the CA keys on each", async () => {
    const controlPlanes = [
      { name: "cp", addresses: ["10.240.0.10"] },
      { name: "cp-super", addresses: ["10.240.0.12"] },
    ];
    const registered = await build({ controlPlanes, controlPlaneEndpoint: "api.example.org" });
    for (const { name } of controlPlanes) {
      const host = files(registered, name);
      const etcd = parse(host["/etc/kubernetes/manifests/etcd.yaml"] ?? "");
      assert.ok(
        etcd.spec.containers[0].command.includes(
          "--initial-cluster=cp=https://10.240.0.10:2380,cp-super=https://10.240.0.12:2380",
        ),
      );
      assert.ok(host["/etc/kubernetes/pki/etcd/ca.key"]);
      assert.equal("/etc/kubernetes/super-admin.conf" in host, name === "cp");
      assert.match(host["/etc/kubernetes/admin.conf"] ?? "", /https:\/\/api\.example\.org:6443/);
    }
  });

  it("registers every child under a URN of its own, whatever machines and pools are called", async () => {
    const registered = await build({
      controlPlanes: [
        { name: "m", addresses: ["10.0.0.1"] },
        { name: "m-super", addresses: ["10.0.0.2"] },
      ],
      nodePools: [
        { name: "web", nodes: [{ name: "eu-1", addresses: ["10.0.0.3"] }] },
        { name: "web-eu", nodes: [{ name: "1", addresses: ["10.0.0.4"] }] },
      ],
    });
    const keys = ofType(registered, "PrivateKey").map(({ name }) => name);
    assert.equal(new Set(keys).size, keys.length);
  });

  it("names the curve or the size of every key", async () => {
    for (const [keyAlgorithm, expected] of [
      ["ECDSA-P384", { algorithm: "ECDSA", ecdsaCurve: "P384" }],
      ["RSA-3072", { algorithm: "RSA", rsaBits: 3072 }],
    ] as const) {
      const registered = await build({ keyAlgorithm, nodePools: [] });
      for (const { name, inputs } of ofType(registered, "PrivateKey")) {
        // Another algorithm must not replace the key of what is encrypted already.
        if (name === "cluster/encryption-at-rest") continue;
        assert.deepEqual(inputs, expected);
      }
    }
  });
});
