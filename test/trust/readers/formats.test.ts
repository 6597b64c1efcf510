import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { piecesOf, piecesOfObject, say, sayText } from "../../support/pieces.ts";

const kubelet =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n";
const whole = ['whole {"serverTLSBootstrap":true}'];
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

describe("encodings", () => {
  const utf16 = Buffer.from(kubelet, "utf16le");
  const forms: Record<string, string | Uint8Array> = {
    plain: kubelet,
    bytes: Buffer.from(kubelet),
    "with a byte order mark": `\uFEFF${kubelet}`,
    "UTF-16, little-endian": Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
    "UTF-16, big-endian": Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]),
    "UTF-16 without a mark": utf16,
    gzip: gzipSync(kubelet),
    base64: base64(kubelet),
    "base64 in lines": base64(kubelet).replace(/(.{20})/g, "$1\n"),
    "base64 of base64 of gzip": base64(base64(gzipSync(kubelet))),
    "a data: URL": `data:;base64,${base64(kubelet)}`,
    "JSON escapes":
      '{"\\u006bind":"Kube\\u006cetConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1","server\\u0054LSBootstrap":true}',
  };
  for (const [name, content] of Object.entries(forms)) {
    it(`${name} is read`, () => assert.deepEqual(sayText(content), whole));
  }

  it("gzip that unpacks without end is refused", () => {
    const large = gzipSync(Buffer.alloc(17 * 1024 * 1024));
    const said = say({ "kubelet.gz": large, "kubelet.yaml": large });
    assert.deepEqual(said, ["undecidable: the text of kubelet.yaml: it is longer than 16 MiB"]);
  });
});

describe("ConfigMaps and Secrets", () => {
  it("are read at every key, in every map, at any depth", () => {
    const inner = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "inner" },
      data: { a: kubelet },
    };
    const outer = {
      apiVersion: "v1",
      kind: "List",
      items: [
        {
          kind: "ConfigMap",
          metadata: { name: "outer" },
          data: { "b.json": JSON.stringify(inner) },
        },
        {
          kind: "ConfigMap",
          metadata: { name: "c" },
          binaryData: { a: base64(gzipSync(kubelet)) },
        },
        { kind: "Secret", metadata: { name: "d" }, data: { a: base64(kubelet) } },
        { kind: "Secret", metadata: { name: "e" }, stringData: { a: kubelet } },
        { kind: "ConfigMapPatch", metadata: { name: "f" }, data: { a: kubelet } },
      ],
    };
    assert.deepEqual(sayText(JSON.stringify(outer)), Array(5).fill(whole[0]));
    assert.deepEqual(
      sayText(
        JSON.stringify({
          kind: "ConfigMapList",
          items: [{ metadata: { name: "g" }, data: { a: kubelet } }],
        }),
      ),
      whole,
    );
  });

  it("that are not known yet are said, where their name or key decides", () => {
    const unknown = "{{ unknown until it is deployed }}";
    assert.deepEqual(
      piecesOfObject({
        kind: "ConfigMap",
        metadata: { name: "kubelet-config" },
        data: { kubelet: unknown },
      }).map((piece) => piece.kind === "unread" && piece.deciding),
      [true],
    );
    assert.deepEqual(
      piecesOfObject({ kind: "ConfigMap", metadata: { name: "x" }, data: { y: unknown } }),
      [],
    );
  });

  it("of which a Secret is never quoted", () => {
    const broken = `${kubelet}password: hunter2 [\n a: b: hunter2`;
    const objects = [
      { kind: "Secret", metadata: { name: "s" }, stringData: { kubelet: broken } },
      {
        kind: "Secret",
        metadata: { name: "s" },
        stringData: { "k.sh": "#!/bin/sh\nhunter2 kubelet hunter2" },
      },
      {
        kind: "Secret",
        metadata: { name: "s" },
        stringData: { k: "#include\nhttps://hunter2/kubelet" },
      },
      { kind: "Secret", metadata: { name: "s" }, data: { kubelet: "hunter2 ???" } },
      {
        kind: "Secret",
        metadata: { name: "s" },
        stringData: { a: "#!/bin/sh\nkubeadm init --config=/hunter2\n" },
      },
      {
        kind: "Secret",
        metadata: { name: "s" },
        stringData: { a: "#!/bin/sh\nsed -i s/hunter2/b/ /etc/kubernetes/hunter2\n" },
      },
    ];
    for (const object of objects) {
      const said = sayText(JSON.stringify(object));
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", /^undecidable/);
      assert.doesNotMatch(said.join(), /hunter2/);
    }
    const [piece] = piecesOf({
      s: JSON.stringify({ kind: "Secret", stringData: { kubelet } }),
    }).filter(({ kind }) => kind === "kubelet-configuration");
    assert.equal(piece?.kind === "kubelet-configuration" && piece.document.text, undefined);
  });
});

describe("RBAC", () => {
  it("is read where nothing in it names Kubernetes, and in Lists", () => {
    const open =
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: open}, " +
      "roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: User, name: u}]}";
    assert.deepEqual(sayText(open), ["rbac open"]);
    assert.deepEqual(sayText(`kind: List\napiVersion: v1\nitems:\n- ${open}\n- ${open}\n`), [
      "rbac open",
      "rbac open",
    ]);
    assert.deepEqual(sayText(open.replace("metadata: {name: open}, ", "")), [
      "noted: text: ClusterRoleBinding without metadata.name",
    ]);
  });
});

describe("KubeletConfigurations", () => {
  it("are whole files, drop-ins, patches and answers of configz", () => {
    assert.deepEqual(say({ "kubelet.yaml": kubelet }), whole);
    assert.deepEqual(say({ "10-tls.conf": kubelet }), ['drop-in {"serverTLSBootstrap":true}']);
    for (const name of [
      "kubeletconfiguration0+merge.yaml",
      "kubeletconfiguration.json",
      "kubeletconfiguration0+strategic.yaml",
    ]) {
      assert.deepEqual(say({ [name]: '{"serverTLSBootstrap": true}' }), [
        'kubeadm-patch {"serverTLSBootstrap":true}',
      ]);
    }
    assert.deepEqual(sayText("serverTLSBootstrap: true\n"), [
      'kubeadm-patch {"serverTLSBootstrap":true}',
    ]);
    assert.deepEqual(sayText('{"kubeletconfig":{"serverTLSBootstrap":true}}'), whole);
  });

  it("belong to kubeadm's documents beside them", () => {
    assert.deepEqual(
      sayText(
        `apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: {name: a}\n---\n${kubelet}---\napiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\n---\nkind: ConfigMap\ndata: {}\n`,
      ),
      ["kubeadm init=a join kubelet-config"],
    );
  });

  it("say it when kubeadm's patches are of a form that is not read", () => {
    assert.deepEqual(
      say({
        "kubeletconfiguration0+json.json":
          '[{"op":"add","path":"/serverTLSBootstrap","value":true}]',
      }),
      ["undecidable: what kubeadm's patch kubeletconfiguration0+json.json changes"],
    );
    assert.deepEqual(
      say({ "kube-apiserver0+merge.yaml": "spec: {containers: [{name: kube-apiserver}]}\n" }),
      ["undecidable: what kubeadm's patch kube-apiserver0+merge.yaml changes"],
    );
  });
});

describe("cloud-init", () => {
  const config = `#cloud-config
write_files:
- {path: /a.yaml, encoding: b64, content: ${base64(kubelet)}}
- {path: /b.yaml, encoding: gz+b64, content: ${base64(gzipSync(kubelet))}}
- path: /etc/systemd/system/kubelet.service
  content: |
    [Service]
    ExecStart=/usr/bin/kubelet $X
- {path: /etc/systemd/system/kubelet.service.d/1.conf, content: "[Service]\\nEnvironment=X=--a"}
- {path: /c.sh, content: "#!/bin/sh\\nkubelet --c"}
- {path: /c.sh, append: true, content: " --d"}
runcmd:
- [kubelet, --e, "f g"]
- kubeadm join 10.0.0.1:6443
`;
  const said = [
    whole[0],
    whole[0],
    "kubelet --c --d",
    "kubelet --e f g",
    "kubelet --a",
    "kubeadm join",
  ];

  it("is read with its files and commands, plain or in any wrapping", () => {
    const forms = {
      plain: config,
      jinja: `## template: jinja\n${config}`,
      "gzip and base64": base64(gzipSync(config)),
      archive: `#cloud-config-archive\n- content: ${JSON.stringify(config)}\n`,
      multipart: `Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n${base64(config)}\n--B--\n`,
    };
    for (const [name, text] of Object.entries(forms)) assert.deepEqual(sayText(text), said, name);
  });

  it("is found in the user data of a machine of any provider", () => {
    for (const properties of [
      { userData: config },
      { userDataBase64: base64(config) },
      { customData: base64(gzipSync(config)) },
      { metadata: { "user-data": config } },
      { metadataStartupScript: "#!/bin/sh\nkubelet --x" },
      { osProfile: { customData: base64(config) } },
    ]) {
      const found = sayText(JSON.stringify(properties));
      assert.deepEqual(
        found,
        "metadataStartupScript" in properties ? ["kubelet --x"] : said,
        Object.keys(properties)[0],
      );
    }
  });

  it("says what is elsewhere", () => {
    assert.deepEqual(sayText("#include\nhttps://x.example/a\n"), [
      "undecidable: the user data that text includes (https://x.example/a)",
    ]);
    assert.deepEqual(
      sayText(
        "#cloud-config\nwrite_files:\n- {path: /etc/kubelet.yaml, source: {uri: 'https://x.example'}}\n",
      ),
      ["undecidable: the text of /etc/kubelet.yaml in text"],
    );
  });
});

describe("Ignition and Butane", () => {
  it("are read with files, units and drop-ins", () => {
    const gz = base64(gzipSync(kubelet));
    const unit = "[Service]\nExecStart=kubelet $X\n";
    const ignition = {
      ignition: { version: "3.4.0" },
      storage: {
        files: [
          { path: "/a.yaml", contents: { compression: "gzip", source: `data:;base64,${gz}` } },
          { path: "/b.yaml", contents: { source: `data:,${encodeURIComponent(kubelet)}` } },
          { path: "/opt/bin/kubelet", contents: { source: "https://x.example/kubelet" } },
          { path: "/etc/kubelet.yaml", contents: { source: "https://x.example/k" } },
        ],
      },
      systemd: {
        units: [
          {
            name: "kubelet.service",
            contents: unit,
            dropins: [{ name: "1.conf", contents: "[Service]\nEnvironment=X=--a" }],
          },
        ],
      },
    };
    assert.deepEqual(sayText(JSON.stringify(ignition)), [
      "undecidable: the text of /etc/kubelet.yaml, which text takes from elsewhere",
      whole[0],
      whole[0],
      "kubelet --a",
    ]);
    assert.deepEqual(
      sayText(
        JSON.stringify({
          variant: "flatcar",
          version: "1.0.0",
          storage: { files: [{ path: "/a", contents: { inline: kubelet } }] },
        }),
      ),
      whole,
    );
    assert.match(
      sayText(
        '{"ignition":{"version":"3.0.0","config":{"merge":[{"source":"https://x.example"}]}}}',
      )[0] ?? "",
      /^undecidable: .*takes from elsewhere/,
    );
  });
});

describe("Cluster API", () => {
  const spec = {
    files: [
      {
        path: "/etc/kubernetes/patches/kubeletconfiguration0+strategic.json",
        content: '{"serverTLSBootstrap":true}',
      },
      { path: "/a.yaml", encoding: "gzip+base64", content: base64(gzipSync(kubelet)) },
      {
        path: "/etc/kubernetes/manifests/kube-vip.yaml",
        contentFrom: { secret: { name: "s", key: "k" } },
      },
    ],
    preKubeadmCommands: ["sed -i s/a/b/ /etc/kubernetes/kubelet.conf"],
    clusterConfiguration: { apiServer: { extraArgs: { "kubelet-certificate-authority": "/x" } } },
    initConfiguration: { patches: { directory: "/etc/kubernetes/patches" } },
    joinConfiguration: { nodeRegistration: { kubeletExtraArgs: [{ name: "v", value: "2" }] } },
  };

  it("is kubeadm's documents, files and commands, in each kind", () => {
    const said = [
      "kubeadm cluster init join",
      "undecidable: the text of /etc/kubernetes/manifests/kube-vip.yaml, which text: KIND a takes from a Secret",
      'kubeadm-patch {"serverTLSBootstrap":true}',
      whole[0],
      "undecidable: what sed makes of /etc/kubernetes/kubelet.conf in text: KIND a (preKubeadmCommands)",
    ];
    const kinds = {
      KubeadmControlPlane: { version: "v1.36.1", kubeadmConfigSpec: spec },
      KubeadmControlPlaneTemplate: { template: { spec: { kubeadmConfigSpec: spec } } },
      KubeadmConfig: spec,
      KubeadmConfigTemplate: { template: { spec } },
    };
    for (const [kind, value] of Object.entries(kinds)) {
      const object = {
        apiVersion: "bootstrap.cluster.x-k8s.io/v1beta2",
        kind,
        metadata: { name: "a" },
        spec: value,
      };
      assert.deepEqual(
        sayText(JSON.stringify(object)),
        said.map((line) => line?.replace("KIND", kind)),
        kind,
      );
      const [piece] = piecesOfObject(object);
      assert.equal(
        piece?.kind === "kubeadm" && piece.configuration.kubelets[0]?.patches,
        "/etc/kubernetes/patches",
      );
      assert.equal(
        piece?.kind === "kubeadm" && piece.configuration.kubernetesVersion,
        kind === "KubeadmControlPlane" ? "1.36.1" : undefined,
      );
    }
  });

  it("says other providers, and a class's patches, by name", () => {
    for (const kind of [
      "RKE2ControlPlane",
      "TalosControlPlane",
      "K0sControlPlane",
      "MicroK8sControlPlane",
    ]) {
      for (const [spec, says] of [
        [{ kubelet: { extraArgs: ["max-pods=9"] } }, /^undecidable: what .*bootstrap provider/],
        [{ files: ["S1VCRUxFVF9FWFRSQV9BUkdTPS0tdj0y"] }, /^undecidable: what .*provider/],
        [{ args: "{{ .Args }}" }, /^undecidable: what .*bootstrap provider/],
        [{ replicas: 3 }, /^noted: what .*bootstrap provider/],
      ] as const) {
        const object = {
          apiVersion: "controlplane.cluster.x-k8s.io/v1beta1",
          kind,
          metadata: { name: "a" },
          spec,
        };
        assert.match(sayText(JSON.stringify(object))[0] ?? "", says, kind);
      }
    }
    assert.match(
      sayText('{"kind":"ClusterClass","spec":{"patches":[{"name":"kubeletArgs"}]}}')[0] ?? "",
      /^undecidable: what the patches of/,
    );
  });
});

describe("distributions", () => {
  const cases: Record<string, [string, string[]]> = {
    "k3s and RKE2": [
      "kubelet-arg: [anonymous-auth=true]\nkube-apiserver-arg: [a=b]\n",
      [
        "kubelet <the flags that k3s or RKE2 itself gives kubelet> --anonymous-auth=true",
        "kube-apiserver <the flags that k3s or RKE2 itself gives kube-apiserver> --a=b",
      ],
    ],
    RKE: [
      "services: {kubelet: {extra_args: {anonymous-auth: 'true'}}, kube-api: {extra_args: {a: b}}}\n",
      [
        "kubelet <the flags that RKE itself gives kubelet> --anonymous-auth=true",
        "kube-apiserver <the flags that RKE itself gives kube-apiserver> --a=b",
      ],
    ],
    Talos: [
      "machine: {type: worker, kubelet: {extraArgs: {rotate-server-certificates: 'true'}}}\n",
      ["kubelet <the flags that Talos itself gives kubelet> --rotate-server-certificates=true"],
    ],
    k0s: [
      "apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nspec: {api: {extraArgs: {a: b}}}\n",
      ["kube-apiserver <the flags that k0s itself gives kube-apiserver> --a=b"],
    ],
  };
  for (const [name, [text, programs]] of Object.entries(cases)) {
    it(`${name}: plain arguments are read, the rest is said`, () => {
      const said = sayText(text);
      assert.deepEqual(said.slice(0, -1), programs);
      assert.match(
        said.at(-1) ?? "",
        /^undecidable: what .* makes of text: the flags that it gives/,
      );
    });
  }

  it("others are known by their names", () => {
    for (const apiVersion of [
      "kops.k8s.io/v1alpha2",
      "eksctl.io/v1alpha5",
      "kind.x-k8s.io/v1alpha4",
    ]) {
      assert.match(
        sayText(JSON.stringify({ apiVersion, kind: "Other", note: "kubelet" }))[0] ?? "",
        /^undecidable: what/,
      );
    }
  });
});

describe("callers", () => {
  const server = (...args: string[]) =>
    sayText(
      JSON.stringify({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "metrics-server" },
        spec: {
          template: {
            spec: {
              containers: [{ image: "registry.k8s.io/metrics-server/metrics-server:v0.8.0", args }],
            },
          },
        },
      }),
    );

  it("metrics-server is told by its flags", () => {
    assert.deepEqual(server(), ["metrics-server verifies "]);
    assert.deepEqual(server("--kubelet-preferred-address-types=InternalIP,Hostname"), [
      "metrics-server verifies  by InternalIP,Hostname",
    ]);
    assert.deepEqual(server("--kubelet-insecure-tls"), ["metrics-server skips"]);
    assert.deepEqual(
      server("--kubelet-insecure-tls=false", "--kubelet-certificate-authority", "/ca"),
      ["metrics-server verifies /ca"],
    );
    assert.deepEqual(server("--kubelet-insecure-tls", "--kubelet-certificate-authority=/ca"), [
      "metrics-server skips: cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls",
    ]);
    assert.match(
      server("--kubelet-insecure-tls=$(X)")[0] ?? "",
      /<the value of --kubelet-insecure-tls>/,
    );
  });

  it("metrics-server's chart is told by its values", () => {
    const release = {
      kind: "HelmRelease",
      metadata: { name: "m" },
      spec: {
        chart: { spec: { chart: "metrics-server" } },
        values: { args: ["--kubelet-insecure-tls"] },
      },
    };
    assert.deepEqual(sayText(JSON.stringify(release)), [
      "metrics-server skips by InternalIP,ExternalIP,Hostname",
    ]);
    assert.deepEqual(sayText(JSON.stringify({ chart: "metrics-server", values: {} })), [
      "metrics-server verifies  by InternalIP,ExternalIP,Hostname",
    ]);
  });

  it("says of a template that the engine's output is needed", () => {
    const said = sayText(
      "{{- if .Values.a }}\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n{{- end }}\n",
    );
    assert.match(said.join("\n"), /it is a template: give what `helm template` makes of it/);
  });

  it("Prometheus is told by monitors and jobs of kubelets", () => {
    const monitor = (tlsConfig: object, name = "kubelet") =>
      sayText(
        JSON.stringify({
          kind: "ServiceMonitor",
          metadata: { name },
          spec: { endpoints: [{ scheme: "https", tlsConfig }] },
        }),
      );
    assert.deepEqual(monitor({ insecureSkipVerify: true }), ["prometheus skips"]);
    assert.deepEqual(monitor({ caFile: "/ca" }), ["prometheus verifies /ca"]);
    assert.deepEqual(monitor({ ca: { configMap: { name: "c", key: "k" } } }), [
      "prometheus verifies ConfigMap default/c (k)",
    ]);
    assert.deepEqual(monitor({ insecureSkipVerify: true }, "coredns"), []);
    const job =
      "job_name: k\n  scheme: https\n  tls_config: {insecure_skip_verify: true}\n  kubernetes_sd_configs: [{role: node}]\n";
    assert.deepEqual(sayText(`scrape_configs:\n- ${job}`), ["prometheus skips"]);
    assert.deepEqual(
      sayText(
        `scrape_configs:\n- ${job}  relabel_configs: [{target_label: __address__, replacement: 'kubernetes.default.svc:443'}]\n`,
      ),
      [],
    );
  });
});

describe("workloads and other objects", () => {
  const container = { name: "k", image: "x.example/kubelet:v1.37.2", args: ["--a"] };

  it("are read by known kinds and by what has a pod inside", () => {
    for (const [kind, spec] of Object.entries({
      DaemonSet: { template: { spec: { containers: [container] } } },
      CronJob: { jobTemplate: { spec: { template: { spec: { containers: [container] } } } } },
      Rollout: { template: { spec: { containers: [container] } } },
      Whatever: { parts: [{ template: { spec: { containers: [container] } } }] },
    })) {
      assert.deepEqual(
        sayText(JSON.stringify({ kind, metadata: { name: "a" }, spec })),
        ["kubelet --a"],
        kind,
      );
    }
  });

  it("say who they are to RBAC, and whether they run", () => {
    const piece = piecesOfObject({
      kind: "Deployment",
      metadata: { name: "a", namespace: "n" },
      spec: {
        replicas: 0,
        template: {
          spec: {
            serviceAccountName: "s",
            containers: [{ image: "a" }],
            tolerations: [{ operator: "Exists" }],
          },
        },
      },
    }).find(({ kind }) => kind === "workload");
    assert.ok(piece?.kind === "workload");
    assert.deepEqual(piece.serviceAccount, { known: true, value: "n/s" });
    assert.deepEqual(piece.runs, { known: true, value: { because: "it has 0 replicas" } });
    assert.deepEqual(piece.tolerations, [{ operator: "Exists" }]);
  });

  it("say what their hosts file has, where it holds nothing of the node's", () => {
    const hostAliases = [{ ip: "10.0.0.1", hostnames: ["worker-0"] }];
    const aliasesOf = (fields: object) => {
      const [piece] = piecesOfObject({
        kind: "Pod",
        metadata: { name: "a" },
        spec: { containers: [{ image: "a" }], ...fields },
      });
      assert.ok(piece?.kind === "workload");
      return piece.hostAliases;
    };
    assert.deepEqual(aliasesOf({ hostAliases }), hostAliases);
    assert.deepEqual(aliasesOf({}), []);
    assert.equal(aliasesOf({ hostAliases, hostNetwork: true }), undefined);
    assert.equal(aliasesOf({ hostAliases, hostNetwork: "{{ x }}" }), undefined);
    assert.equal(aliasesOf({ hostAliases: "{{ x }}" }), undefined);
  });

  it("are undecidable where arguments are not known", () => {
    const unknown = "{{ unknown until it is deployed }}";
    const pod = (fields: object) =>
      piecesOfObject({
        kind: "Pod",
        metadata: { name: "kubelet" },
        spec: { containers: [{ name: "kubelet", ...fields }] },
      } as never);
    const [program] = pod({ command: ["kubelet"], args: unknown });
    assert.deepEqual(
      program?.kind === "program" && program.commandLine.words.map(({ kind }) => kind),
      ["unknownWords"],
    );
    assert.ok(pod({ image: unknown }).some((piece) => piece.kind === "unread" && piece.deciding));
  });

  it("leave CSI drivers and descriptions alone", () => {
    const driver = {
      name: "reg",
      args: ["--kubelet-registration-path=/var/lib/kubelet/plugins/x/csi.sock"],
      volumeMounts: [{ mountPath: "/var/lib/kubelet" }],
    };
    assert.deepEqual(
      sayText(
        JSON.stringify({
          kind: "DaemonSet",
          metadata: { name: "csi" },
          spec: { template: { spec: { containers: [driver] } } },
        }),
      ),
      [],
    );
    assert.deepEqual(
      sayText(
        JSON.stringify({
          kind: "CustomResourceDefinition",
          spec: { description: "kubelet --config" },
        }),
      ),
      [],
    );
  });

  it("are read in commands of remote machines and in files that are copied to them", () => {
    assert.deepEqual(
      sayText(JSON.stringify({ connection: { host: "a" }, create: "kubelet --a" })),
      ["kubelet --a"],
    );
    assert.deepEqual(
      sayText(JSON.stringify({ remotePath: "/etc/a.yaml", content: kubelet })),
      whole,
    );
    assert.deepEqual(
      sayText(JSON.stringify({ services: { k: { image: "x", command: ["kubelet", "--a"] } } })),
      ["kubelet --a"],
    );
  });

  it("say what speaks of kubelets and is not understood", () => {
    assert.match(
      sayText(JSON.stringify({ kind: "X", spec: { kubelet: { extraArgs: { a: "b" } } } }))[0] ?? "",
      /^undecidable: what .* makes of spec.kubelet/,
    );
    assert.match(sayText("[kubelet]\nserverTLSBootstrap = true\n")[0] ?? "", /^undecidable/);
    assert.match(
      sayText("apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver\nspec: [\n")[0] ?? "",
      /^undecidable: a readable text/,
    );
    assert.match(
      sayText("<powershell>\nkubelet.exe --config=C:\\k\n</powershell>")[0] ?? "",
      /^undecidable: what text does, a script of a language/,
    );
  });
});
