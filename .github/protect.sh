#!/bin/sh
# Set what GitHub must hold of project.json's repository: the rules of its default branch, and the variables by which
# workflows find the role that plans. Needs gh, logged in as an administrator. Twice is as good as once.
set -eu
cd "$(dirname "$0")/.."
command -v gh >/dev/null || { echo "gh was not found on PATH: install it (https://cli.github.com) and run gh auth login" >&2; exit 1; }
read -r repository region role <<END
$(.venv/bin/python -c 'import json; p = json.load(open("project.json")); print(p["repository"], p["region"], "arn:aws:iam::%s:role/%s-plan" % (p["accounts"]["delivery"], p["project"]))')
END
known=$(gh api "repos/$repository/rulesets" --jq '.[] | select(.name == "main") | .id')
if [ -n "$known" ]; then
  gh api --silent --method PUT "repos/$repository/rulesets/$known" --input .github/ruleset.json
else
  gh api --silent --method POST "repos/$repository/rulesets" --input .github/ruleset.json
fi
gh variable set AWS_PLAN_ROLE_ARN --repo "$repository" --body "$role"
gh variable set AWS_REGION --repo "$repository" --body "$region"
echo "$repository: pull requests with a review and the checks check and promotion are required; plans run as $role."
