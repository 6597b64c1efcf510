import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { piecesOf, say, sayText } from "../../support/pieces.ts";

describe("a shell script", () => {
  it("may have commands of any name", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.deepEqual(sayText(`#!/bin/sh\n${name} agent\n`), []);
    }
  });

  it("writes files by here-documents, tee, echo, printf and base64", () => {
    const script = `#!/bin/bash
NODE=n1
cat > /etc/kubernetes/kubelet.yaml <<EOF
kind: KubeletConfiguration
apiVersion: kubelet.config.k8s.io/v1beta1
providerID: $NODE-$OTHER
EOF
cat <<'EOF' | sudo tee /etc/systemd/system/kubelet.service.d/10.conf >/dev/null
[Service]
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS --config=/etc/kubernetes/kubelet.yaml
EnvironmentFile=/etc/default/kubelet
EOF
echo 'KUBELET_EXTRA_ARGS="--node-ip=10.0.0.1"' | tee /etc/default/kubelet
printf '%s\\n' '-----BEGIN CERTIFICATE-----' > /etc/kubernetes/pki/ca.crt
echo aGVsbG8= | base64 -d > /etc/x
`;
    assert.deepEqual(say({ "setup.sh": script }), [
      `whole {"providerID":"n1-\${OTHER}"}`,
      "kubelet --node-ip=10.0.0.1 --config=/etc/kubernetes/kubelet.yaml",
    ]);
    const files = piecesOf({ "setup.sh": script }).flatMap((piece) =>
      piece.kind === "file" ? [piece.path] : [],
    );
    assert.deepEqual(files.sort(), [
      "/etc/default/kubelet",
      "/etc/kubernetes/kubelet.yaml",
      "/etc/kubernetes/pki/ca.crt",
      "/etc/systemd/system/kubelet.service.d/10.conf",
      "/etc/x",
    ]);
  });

  it("unpacks what it writes out of base64, and names what is no text", () => {
    const packed = gzipSync("KUBELET_EXTRA_ARGS=--a").toString("base64");
    const into = "/etc/default/kubelet";
    const written = (command: string) =>
      piecesOf({ text: `#!/bin/sh\n${command}\n` }).flatMap((piece) =>
        piece.kind === "file" && piece.content.known && piece.content.value.kind === "text"
          ? [piece.content.value.text]
          : [],
      );
    const text = ["KUBELET_EXTRA_ARGS=--a"];
    assert.deepEqual(written(`echo ${packed} | base64 -d | gunzip > ${into}`), text);
    assert.deepEqual(written(`echo ${packed} | base64 -d | gzip -d > ${into}`), text);
    assert.deepEqual(sayText(`#!/bin/sh\necho /v8A | base64 -d > ${into}\n`), [
      `undecidable: what base64 makes of ${into} in text`,
    ]);
  });

  it("is a script though a line of it looks like YAML", () => {
    assert.deepEqual(sayText("#!/bin/sh\nkind: Pod\nkubelet --a\n"), ["kubelet --a"]);
    assert.deepEqual(
      sayText("set -e\nkubectl apply -f - <<E\nkind: Node\nmetadata: {name: n1}\nE\nkubelet --a\n"),
      ["kubelet --a", "node n1 "],
    );
  });

  it("says which files of Kubernetes it changes in a way that is not followed", () => {
    assert.deepEqual(sayText("#!/bin/sh\nsed -i s/a/b/ /var/lib/kubelet/config.yaml\n"), [
      "undecidable: what sed makes of /var/lib/kubelet/config.yaml in text",
    ]);
  });

  it("knows a copy of what it wrote, and names what is put in place from elsewhere", () => {
    const to = "/etc/default/kubelet";
    for (const command of ["cp x", "mv -f x", "install -m 0644 -o root x", "ln -s x"]) {
      const script = `#!/bin/sh\necho A=--a > x\n${command} ${to}\n`;
      const found = piecesOf({ text: script }).flatMap((piece) =>
        piece.kind === "file" && piece.path === to && piece.content.known ? [piece.path] : [],
      );
      assert.deepEqual([found, sayText(script)], [[to], []], command);
    }
    const unknown: [string, string][] = [
      ["cp x", "cp"],
      ["jq .a b > x && mv x", "mv"],
      ["curl -fsSL https://example.org/x -o", "curl"],
      ["envsubst < x >", "envsubst"],
    ];
    for (const [command, by] of unknown) {
      assert.deepEqual(
        sayText(`#!/bin/sh\n${command} ${to}\n`),
        [`undecidable: what ${by} makes of ${to} in text`],
        command,
      );
    }
    assert.deepEqual(sayText(`#!/bin/sh\ndd if=x of=${to}\n`), [
      `undecidable: what dd makes of ${to} in text`,
    ]);
    const harmless =
      "cp -i /etc/kubernetes/admin.conf /root/.kube/config\nmv kubelet /usr/bin/kubelet";
    assert.deepEqual(sayText(`#!/bin/sh\n${harmless}\n`), []);
  });

  it("names a program inside a command substitution, beside others too, unless it is asked for its version", () => {
    const names = (line: string) =>
      say({ "setup.sh": `#!/bin/sh\nkubelet --config=/etc/a\n${line}\n` }).filter((said) =>
        said.includes("substitution"),
      );
    for (const line of ["x=$(kubelet --node-ip=1.1.1.1 &)", "echo `kubelet --config=/etc/b`"]) {
      assert.equal(names(line).length, 1, line);
    }
    assert.deepEqual(names("V=$(kubelet --version | cut -d' ' -f2)"), []);
    assert.deepEqual(names("V=$(cat /etc/kubelet.version)"), []);
  });

  it("names a file of Kubernetes that it reads in, unless it wrote it", () => {
    const names = (text: string) =>
      say({ "setup.sh": `#!/bin/sh\n${text}\nkubelet --config=/etc/a\n` }).filter((said) =>
        said.includes("reading it in"),
      );
    assert.equal(names(". /etc/kubernetes/node.sh").length, 1);
    assert.equal(names("source /opt/kube/env").length, 1);
    assert.deepEqual(names("echo A=1 > /etc/kubernetes/env\n. /etc/kubernetes/env"), []);
    assert.deepEqual(names(". /etc/os-release"), []);
  });

  it("starts kubeadm, with its flags or with a file", () => {
    assert.deepEqual(sayText("#!/bin/sh\nkubeadm init --node-name n1\n"), [
      "kubeadm cluster init=n1",
    ]);
    assert.deepEqual(sayText("#!/bin/sh\nsudo kubeadm join 10.0.0.1:6443 --token a\n"), [
      "kubeadm join",
    ]);
    assert.deepEqual(sayText("#!/bin/sh\nkubeadm init --config /root/k.yaml\n"), [
      "undecidable: kubeadm's configuration /root/k.yaml, which text gives to kubeadm init",
    ]);
    assert.deepEqual(
      sayText(
        "#!/bin/sh\ncat > /root/k.yaml <<E\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nE\nkubeadm init --config /root/k.yaml\n",
      ),
      ["kubeadm init"],
    );
  });

  it("is refused where variables grow without end", () => {
    const said = sayText(`#!/bin/sh\nA=0123456789abcdef\n${"A=$A$A\n".repeat(24)}kubelet $A\n`);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^undecidable: the rest of a script that holds more commands, words and variables than are read/,
    );
  });

  it("is recognised without #! by a program, not by prose", () => {
    assert.deepEqual(sayText("kubelet --a\n"), ["kubelet --a"]);
    assert.match(sayText("# About\nkubelet is a program.\n")[0] ?? "", /^noted: /);
  });
});
