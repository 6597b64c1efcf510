import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { PolicyResource } from "@pulumi/policy";
import { main } from "../../cli/main.ts";
import { issue } from "../../lab/x509/issue.ts";
import type { Config } from "../../policies/config.ts";
import { configMap, resource, violationsOf } from "../policies/fake.ts";
import { apiServerPod } from "../policies/stacks/parts.ts";
import { filesIn, objectsOf, textOf } from "../reports/objects.ts";
import { clusterAuthority, servingCertificate } from "../support/certificates.ts";
import { folderForAll } from "../support/folders.ts";

/*
 * What people reported, as files, and what a sound verdict says of it, in both doors.
 */

const folder = fileURLToPath(new URL("../reports/", import.meta.url));

/** Runs `judge` on files of a case; a word that is no file of it is an option. */
function judged(...words: string[]) {
  const argv = words.map((word) =>
    /^\d\d-/.test(word) ? `${folder}${word}` : word.replace(/=(\d\d-)/, `=${folder}$1`),
  );
  return main(argv);
}

/** The JSON of it. */
function verdictOf(...words: string[]) {
  const { stdout, stderr } = judged(...words, "--json");
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

/** Violations that reject, of one policy or of all. */
function rejections(resources: readonly PolicyResource[], policy?: string, config: Config = {}) {
  return violationsOf(resources, config).filter(
    (sent) =>
      sent.enforcementLevel === "mandatory" && (policy === undefined || sent.policy === policy),
  );
}

function messages(sent: readonly { readonly message: string }[]): string {
  return sent.map(({ message }) => message).join("\n\n");
}

const serving = "kubelet-serving-trust";
const client = "kubelet-client-authentication";
const starts = "kubelet-starts";
const noIpSans = /doesn't contain any IP SANs/;
const internalError = /remote error: tls: internal error/;

/** A kube-apiserver beside the files of a case, as a static pod. */
const verifying = configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") });
const silent = configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("silent") });

describe("reports", () => {
  const scratch = folderForAll();
  before(() => {
    writeFileSync(join(scratch, "verify.yaml"), apiServerPod("verify"));
    writeFileSync(join(scratch, "silent.yaml"), apiServerPod("silent"));
    writeFileSync(
      join(scratch, "hostname-first.yaml"),
      apiServerPod("verify").replace("InternalIP,ExternalIP,Hostname", "Hostname,InternalIP"),
    );
  });
  const pod = (name: string) => join(scratch, name);

  describe("01: an upgrade took the client certificate's group away, and nothing binds its user", () => {
    const forbidden = /Forbidden \(user=kube-apiserver-kubelet-client, verb=get, resource=nodes/;
    it("judge", () => {
      const json = verdictOf(
        ...["--kubelet", "01-upgraded-without-binding/kubeadm.yaml"],
        ...["--apiserver", "01-upgraded-without-binding/kube-apiserver.yaml"],
        ...["--rbac", "01-upgraded-without-binding/rbac.yaml"],
      );
      assert.equal(json.client.logs.verdict, "fails");
      assert.match(json.client.logs.symptom, forbidden);
      assert.match(
        json.client.logs.remedies[0].text,
        /Bind user kube-apiserver-kubelet-client to ClusterRole system:kubelet-api-admin/,
      );
      const assumed = verdictOf("01-upgraded-without-binding/kubeadm.yaml");
      assert.equal(assumed.client.logs.verdict, "verified");
      assert.match(assumed.assumptions.join("\n"), /RBAC objects that kubeadm makes/);
    });
    it("pack", () => {
      const sent = rejections(
        [
          filesIn("kubeadm-config", ["01-upgraded-without-binding/kubeadm.yaml"]),
          ...objectsOf("01-upgraded-without-binding/rbac.yaml"),
        ],
        client,
      );
      assert.match(messages(sent), forbidden);
      assert.match(messages(sent), /Fix: .*Bind user kube-apiserver-kubelet-client/);
    });
  });

  describe("02: two CAs, and kubelet-serving is signed by the one that kube-apiserver does not trust", () => {
    const unknownAuthority = /certificate signed by unknown authority/;
    const files = [
      "02-signed-by-another-ca/kubelet.yaml",
      "02-signed-by-another-ca/kube-apiserver.sh",
    ];
    const broken = "02-signed-by-another-ca/kube-controller-manager.sh";
    const mended = "02-signed-by-another-ca/kube-controller-manager-mended.sh";
    let clientCa: string;
    let serverCa: string;
    before(async () => {
      clientCa = (await issue({ subject: "CN=client-ca", isCA: true })).certPem;
      serverCa = (await issue({ subject: "CN=server-ca", isCA: true })).certPem;
      writeFileSync(pod("client-ca.crt"), clientCa);
      writeFileSync(pod("server-ca.crt"), serverCa);
    });
    it("judge", () => {
      const paths = () => [
        `/srv/k/client-ca.crt=${pod("client-ca.crt")}`,
        `/srv/k/server-ca.crt=${pod("server-ca.crt")}`,
      ];
      const wrong = verdictOf(...files, broken, ...paths(), "--csr", "issued");
      assert.match(wrong.serving.symptom, unknownAuthority);
      assert.match(
        JSON.stringify(wrong.serving.remedies),
        /--cluster-signing-kubelet-serving-cert-file/,
      );
      const right = verdictOf(...files, mended, ...paths(), "--csr", "issued");
      assert.equal(right.serving.verdict, "verified");
      const signed = verdictOf(
        ...files,
        ...paths(),
        "--csr",
        "issued",
        "--signer",
        pod("client-ca.crt"),
      );
      assert.match(signed.serving.symptom, unknownAuthority);
    });
    it("pack", () => {
      const config = () => ({
        approvers: [{ name: "somebody" }],
        files: [
          { path: "/srv/k/client-ca.crt", pem: clientCa },
          { path: "/srv/k/server-ca.crt", pem: serverCa },
        ],
      });
      const wrong = rejections([filesIn("files", [...files, broken])], serving, config());
      assert.match(messages(wrong), unknownAuthority);
      assert.match(messages(wrong), /--cluster-signing-kubelet-serving-cert-file/);
      assert.deepEqual(rejections([filesIn("files", [...files, mended])], serving, config()), []);
    });
  });

  describe("03: a renamed node, dialled by its host name, whatever addresses are stated", () => {
    let named: string;
    let other: string;
    before(async () => {
      const ca = await clusterAuthority();
      const leaf = (dnsName: string) => servingCertificate(ca, dnsName, "10.0.0.7");
      writeFileSync(pod("ca.crt"), ca.certPem);
      named = (await leaf("cp-7.mesh.example")).certPem;
      other = (await leaf("cp-7.lan.example")).certPem;
      writeFileSync(pod("right.crt"), named);
      writeFileSync(pod("wrong.crt"), other);
      writeFileSync(
        pod("config.yaml"),
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsCertFile: /k/node.crt\ntlsPrivateKeyFile: /k/node.key\nauthentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n",
      );
    });
    it("judge", () => {
      const run = (certificate: string) =>
        verdictOf(
          ...["--kubelet", "03-renamed-node/10-kubeadm.conf"],
          "/etc/default/kubelet=03-renamed-node/default-kubelet",
          `/var/lib/kubelet/config.yaml=${pod("config.yaml")}`,
          `/k/node.crt=${pod(certificate)}`,
          ...["--apiserver", pod("hostname-first.yaml")],
          `/etc/kubernetes/pki/ca.crt=${pod("ca.crt")}`,
          ...["--node-address", "InternalIP=10.0.0.7"],
        ).serving;
      const wrong = run("wrong.crt");
      assert.equal(wrong.verdict, "fails", JSON.stringify(wrong));
      assert.match(wrong.symptom, /cp-7\.lan\.example, not cp-7\.mesh\.example/);
      const right = run("right.crt");
      assert.notEqual(right.verdict, "fails", JSON.stringify(right));
    });
    it("pack", () => {
      const stack = (pem: string) => [
        configMap("control-plane", {
          "kube-apiserver.yaml": apiServerPod("verify").replace(
            "InternalIP,ExternalIP,Hostname",
            "Hostname,InternalIP",
          ),
        }),
        resource("kubernetes:core/v1:ConfigMap", "node", {
          metadata: { name: "node", namespace: "kube-system" },
          data: {
            "10-kubeadm.conf": textOf("03-renamed-node/10-kubeadm.conf"),
            kubelet: textOf("03-renamed-node/default-kubelet"),
            "config.yaml":
              "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsCertFile: /k/node.crt\ntlsPrivateKeyFile: /k/node.key\nauthentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n",
            "node.crt": pem,
          },
        }),
      ];
      assert.match(
        messages(rejections(stack(other), serving)),
        /cp-7\.lan\.example, not cp-7\.mesh\.example/,
      );
    });
  });

  describe("04: the host name is an IP address, which is then in the self-signed certificate", () => {
    const unknownAuthority = /x509: certificate signed by unknown authority/;
    const files = ["04-address-as-host-name/kubelet.sh", "04-address-as-host-name/config.yaml"];
    it("judge", () => {
      for (const stated of [[], ["--node-address", "InternalIP=192.168.122.143"]]) {
        const json = verdictOf(...files, pod("verify.yaml"), ...stated);
        assert.match(json.serving.symptom, unknownAuthority);
      }
    });
    it("pack", () => {
      const sent = messages(rejections([filesIn("node", files), verifying], serving));
      assert.doesNotMatch(sent, noIpSans);
      assert.match(sent, unknownAuthority);
    });
  });

  describe("05: kubeadm fills in what its file leaves out", () => {
    const documented = "05-kubeadm-fills-in/documented.yaml";
    const bare = "05-kubeadm-fills-in/bare.yaml";
    it("judge", () => {
      const first = verdictOf(documented);
      assert.equal(first.client.logs.verdict, "verified");
      assert.equal(first.serving.verdict, "undecidable");
      assert.match(first.serving.reason, /certificate request/);
      const second = verdictOf(bare);
      assert.equal(second.client.logs.verdict, "verified");
      assert.match(second.serving.symptom, noIpSans);
    });
    it("pack", () => {
      const first = rejections([filesIn("kubeadm", [documented])]);
      assert.deepEqual(
        first.map(({ policy }) => policy),
        [serving],
        messages(first),
      );
      assert.match(messages(first), internalError);
      const second = rejections([filesIn("kubeadm", [bare])]);
      assert.deepEqual(
        second.map(({ policy }) => policy),
        [serving],
        messages(second),
      );
      assert.match(messages(second), noIpSans);
    });
  });

  describe("06: kubeadm join ignores a KubeletConfiguration beside it", () => {
    const join = "06-joined-with-a-document/join.yaml";
    it("judge", () => {
      const json = verdictOf(join, "05-kubeadm-fills-in/bare.yaml");
      const joined = json.pairs.find(({ node }: { node?: string }) => node === "n1");
      assert.match(joined?.serving.symptom, noIpSans);
      assert.match(json.assumptions.join("\n"), /kubeadm join ignores the KubeletConfiguration/);
      const alone = judged(join);
      assert.equal(alone.exitCode, 1);
      assert.doesNotMatch(alone.stdout, /serves \/k\/kubelet\.crt/);
    });
    it("pack", () => {
      const sent = messages(
        rejections([filesIn("kubeadm", [join, "05-kubeadm-fills-in/bare.yaml"])], serving),
      );
      assert.match(sent, noIpSans);
      assert.doesNotMatch(sent, /\/k\/kubelet\.crt/);
    });
  });

  describe("07: a KubeletConfiguration that no --config names is not used", () => {
    const files = ["07-no-config-flag/kubelet.sh", "07-no-config-flag/kubelet-config.yaml"];
    it("judge", () => {
      const json = verdictOf(...files, pod("silent.yaml"), "--skip-reason", "a test");
      const started = json.pairs.find(({ kubelet }: { kubelet: string }) =>
        kubelet.includes("kubelet.sh"),
      );
      assert.equal(started.accepted, false);
      assert.ok(started.openToAnyone.includes("exec"));
      assert.match(json.assumptions.join("\n"), /no --config names it/);
    });
    it("pack", () => {
      const sent = messages(rejections([filesIn("node", files), silent], client));
      assert.match(sent, /anyone who reaches it gets in without a credential/);
      assert.match(sent, /authorization\.mode=AlwaysAllow, readOnlyPort=10255/);
    });
  });

  describe("08: behind a wrapper, flags count", () => {
    for (const unit of [
      "08-behind-a-wrapper/kubelet.service",
      "08-behind-a-wrapper/container.service",
    ]) {
      it(`judge, ${unit}`, () => {
        const { exitCode, stdout } = judged(unit, pod("silent.yaml"), "--skip-reason", "a test");
        assert.equal(exitCode, 1);
        assert.match(stdout, /open to anyone: everything \(authorization\.mode: AlwaysAllow\)/);
      });
      it(`pack, ${unit}`, () => {
        const sent = messages(rejections([filesIn("node", [unit]), silent], client));
        assert.match(sent, /anyone who reaches it may do anything on it/);
      });
    }
  });

  describe("09: one node's address in every node's configuration", () => {
    const file = "09-listens-elsewhere/kubelet-config.yaml";
    const cannotBind = /bind: cannot assign requested address/;
    it("judge", () => {
      const run = (address: string) =>
        judged(file, pod("verify.yaml"), "--node-address", `InternalIP=${address}`).stdout;
      assert.match(run("192.168.10.243"), cannotBind);
      assert.doesNotMatch(run("192.168.10.242"), cannotBind);
    });
    it("pack", () => {
      const node = (address: string) =>
        rejections(
          [
            resource("kubernetes:core/v1:Secret", "n1", {
              metadata: {
                name: "n1",
                namespace: "kube-system",
                labels: { "kubelet-trust/machine": "n1" },
                annotations: { "kubelet-trust/addresses": `InternalIP=${address},Hostname=n1` },
              },
              type: "kubelet-trust/host-files",
              stringData: {
                "files.json": JSON.stringify([
                  { path: "/etc/systemd/system/kubelet.service", key: "unit" },
                  { path: "/var/lib/kubelet/config.yaml", key: "config" },
                ]),
                unit: "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf\n",
                config: textOf(file),
              },
            }),
            verifying,
          ],
          starts,
        );
      assert.match(messages(node("192.168.10.243")), cannotBind);
      assert.doesNotMatch(messages(node("192.168.10.242")), cannotBind);
    });
  });

  describe("10: an approver whose rules can never match", () => {
    const approver = "10-approver-never-matches/approver.yaml";
    const unit = "10-approver-never-matches/kubelet-unit.yaml";
    it("judge", () => {
      const json = verdictOf(unit, approver, pod("verify.yaml"));
      assert.match(json.serving.symptom, internalError);
      assert.equal(json.accepted, false);
      const [alone] = verdictOf(unit, approver).unpaired;
      assert.match(alone.serving.symptom, internalError);
      assert.match(alone.serving.reason, /was denied: .*PROVIDER_REGEX/);
      assert.match(
        judged(unit, approver).stdout,
        /rejected, one side is not given\n[\s\S]*tls: internal error/,
      );
    });
    it("pack", () => {
      for (const others of [[verifying], []]) {
        const sent = rejections([...objectsOf(unit), ...objectsOf(approver), ...others], serving);
        assert.match(messages(sent), internalError);
      }
    });
  });

  describe("11: Cluster API, with kubeadm patches that ask for bootstrap, and no approver", () => {
    const file = "11-cluster-api/control-plane.yaml";
    it("judge", () => {
      const open = verdictOf(file);
      assert.equal(open.serving.verdict, "undecidable");
      assert.match(open.serving.reason, /certificate request/);
      assert.match(verdictOf(file, "--csr", "pending").serving.symptom, internalError);
    });
    it("pack", () => {
      assert.match(messages(rejections(objectsOf(file), serving)), internalError);
    });
  });

  describe("12: user data is judged as the kubeadm file in it", () => {
    const file = "12-user-data/cloud-init.yaml";
    const text = textOf(file);
    const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64");
    it("judge", () => {
      assert.match(verdictOf(file).serving.symptom, noIpSans);
      const forms = { plain: text, base64: base64(text), gzip: base64(gzipSync(text)) };
      for (const [form, content] of Object.entries(forms)) {
        writeFileSync(pod(form), content);
        assert.match(verdictOf(pod(form)).serving?.symptom ?? "", noIpSans, form);
      }
      writeFileSync(pod("raw.gz"), gzipSync(text));
      assert.match(verdictOf(pod("raw.gz")).serving?.symptom ?? "", noIpSans);
    });
    const stacks: Readonly<Record<string, PolicyResource>> = {
      "in a ConfigMap": configMap("user-data", { "user-data": text }),
      "of an EC2 instance": resource("aws:ec2/instance:Instance", "cp", { userData: text }),
      "of an EC2 instance, base64": resource("aws:ec2/instance:Instance", "cp", {
        userDataBase64: base64(text),
      }),
      "of a launch template, gzip": resource("aws:ec2/launchTemplate:LaunchTemplate", "cp", {
        userData: base64(gzipSync(text)),
      }),
      "of an Azure machine": resource("azure-native:compute:VirtualMachine", "cp", {
        osProfile: { customData: base64(text) },
      }),
      "of an OpenStack instance": resource("openstack:compute/instance:Instance", "cp", {
        userData: text,
      }),
      "of a Google instance": resource("gcp:compute/instance:Instance", "cp", {
        metadata: { "user-data": text },
      }),
      "by a remote command": resource("command:remote:Command", "init", {
        create: `cat > /etc/kubeadm/init.yaml <<'END'\n${text.split("content: |\n")[1]?.split("runcmd:")[0]?.replaceAll(/^ {6}/gm, "")}END\nkubeadm init --config /etc/kubeadm/init.yaml\n`,
      }),
      "by a copy to a remote": resource("command:remote:CopyToRemote", "copy", {
        source: {
          hash: "0",
          text,
          "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
        },
        remotePath: "/var/lib/cloud/seed/nocloud/user-data",
      }),
    };
    for (const [title, one] of Object.entries(stacks)) {
      it(`pack, ${title}`, () => {
        const provider = { type: "pulumi:providers:cloud", name: "p", urn: "urn:p", props: {} };
        assert.match(messages(rejections([{ provider, ...one }], serving)), noIpSans);
      });
    }
  });

  describe("13: metrics-server calls kubelets too", () => {
    const file = "13-second-caller/metrics-server.yaml";
    const kubeadm = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
`;
    const annotated = {
      annotations: {
        "kubelet-trust/kubelet-serving-verification": "skip",
        "kubelet-trust/reason": "a test cluster",
      },
    };
    const cluster = configMap("kubeadm-config", { ClusterConfiguration: kubeadm }, annotated);
    const withFlags = (...flags: string[]) =>
      textOf(file).replace(
        "--metric-resolution=15s",
        ["--metric-resolution=15s", ...flags].join(", "),
      );
    const stack = (...flags: string[]) => {
      const [deployment] = objectsOf(file);
      const changed = JSON.parse(
        JSON.stringify(deployment?.props).replace(
          '"--metric-resolution=15s"',
          ["--metric-resolution=15s", ...flags].map((flag) => JSON.stringify(flag)).join(","),
        ),
      );
      return [cluster, resource("kubernetes:apps/v1:Deployment", "metrics-server", changed)];
    };
    it("judge", () => {
      writeFileSync(pod("kubeadm.yaml"), kubeadm);
      const run = (...flags: string[]) => {
        writeFileSync(pod("metrics-server.yaml"), withFlags(...flags));
        return judged(pod("metrics-server.yaml"), pod("kubeadm.yaml"), "--skip-reason", "a test");
      };
      const plain = run();
      assert.equal(plain.exitCode, 1);
      assert.match(plain.stdout, /metrics-server.*: fails\n.*doesn't contain any IP SANs/);
      assert.match(run("--kubelet-insecure-tls").stdout, /metrics-server.*: silentlySkipped/);
      assert.match(
        run("--kubelet-insecure-tls", "--kubelet-certificate-authority=/ca.crt").stdout,
        /metrics-server.* does not start: cannot use both/,
      );
    });
    it("pack", () => {
      assert.match(
        messages(rejections(stack(), serving)),
        /metrics-server[\s\S]*doesn't contain any IP SANs/,
      );
      assert.match(
        messages(rejections(stack("--kubelet-insecure-tls"), serving)),
        /metrics-server.* was neither told to trust it nor that it may skip verification/,
      );
      assert.match(
        messages(
          rejections(
            stack("--kubelet-insecure-tls", "--kubelet-certificate-authority=/ca.crt"),
            starts,
          ),
        ),
        /metrics-server will not start: cannot use both/,
      );
    });
  });

  describe("14: anonymous requests, and no client CA", () => {
    const file = "14-open-to-all/kubelet.yaml";
    const opens = /system:(anonymous|unauthenticated) to|Bind .*system:(anonymous|unauthenticated)/;
    it("judge", () => {
      const { logs, exec, metrics } = verdictOf(file, pod("silent.yaml")).client;
      for (const outcome of [logs, exec, metrics]) {
        const remedies = outcome.remedies.map(({ text }: { text: string }) => text).join("\n");
        assert.doesNotMatch(remedies, opens);
        assert.match(remedies, /clientCAFile/);
        assert.match(remedies, /anonymous\.enabled(:| to) false/);
      }
    });
    it("pack", () => {
      const sent = rejections([filesIn("node", [file]), silent], client);
      assert.equal(sent.length, 1, messages(sent));
      assert.doesNotMatch(messages(sent), /Bind/);
      assert.match(messages(sent), /(Fix|Or): .*clientCAFile/);
      assert.match(messages(sent), /(Fix|Or): .*anonymous\.enabled(:| to) false/);
    });
  });

  describe("15: systemd unquotes first, and then splits a variable that is a word of its own", () => {
    const file = "15-quoted-variable/kubelet.service";
    it("judge", () => {
      const { stdout } = judged(file, pod("verify.yaml"));
      assert.doesNotMatch(stdout, /does not start|DAEMON_ARGS/);
      assert.match(stdout, /\/etc\/kubernetes\/kubelet\.yaml/);
    });
    it("pack", () => {
      const stack = [filesIn("node", [file]), verifying];
      assert.deepEqual(rejections(stack, starts), []);
      assert.match(messages(rejections(stack, serving)), /\/etc\/kubernetes\/kubelet\.yaml/);
    });
  });
});
