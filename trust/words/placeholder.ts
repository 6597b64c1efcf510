/** What stands for a value that something else fills in later. */

// ${VAR}, $(VAR), {{ .X }}, <% x %>, %%VAR%%, @@VAR@@, what SOPS and Ansible Vault have encrypted, references of
// 1Password (op://), vals (ref+vault://) and Argo CD's Vault plugin (<path:...>), and what Pulumi's
// Outputs are as a text (pulumi `sdk/nodejs/output.ts`, `sdk/python/lib/pulumi/output.py`). None of them spans an
// opening mark of its own kind, so that a text of opening marks alone is searched once and not once for each.
export const placeholder =
  /\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|<%[^<>]*%>|%%\w+%%|@@\w+@@|ENC\[[A-Z]\w*,[^[\]]*\]|\$ANSIBLE_VAULT;[\w.;]+|\bop:\/\/[^\s"']+|\bref\+\w+:\/\/[^\s"']+|<path:[^<>\s]*>|Calling \[?\w+\]? on an \[?Output[\s\S]*/;

/** All placeholders of a text, for `replaceAll`, `split` and `matchAll`. */
export const placeholders = new RegExp(placeholder, "g");
