//! The isolation certificate: what was judged, what it says, and what it does not say.
//!
//! Goes in: an estate and what the judges of networks and of permissions say. Comes out: a document that
//! somebody else can verify against the same files, with the digest of all of them. It speaks of the
//! templates as they are and of nothing that was changed beside them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::check::finding::Finding;
use crate::check::model::Estate;
use crate::check::network::{Verdict, services_text};
use crate::check::policies::{self, Judgement};
use crate::check::{Judged, Standing};
use crate::diagnostics::{codes, quote};
use crate::source::{FileId, SourceMap, Span};

const CLAIM: &str = "Under the templates as emitted, no IP packet that an interface of one tenant originates is delivered \
to an interface of another tenant, except where this certificate names the pair, and except for what public \
endpoints accept from all addresses.";

/// What nobody should read into the claim.
const NOT_CLAIMED: [&str; 9] = [
    "what an application relays: shared workloads are listed with the tenants that can reach them and that they can reach",
    "traffic that leaves for the internet and comes back to a public endpoint of another tenant",
    "services behind PrivateLink endpoints, and services of AWS",
    "the Route 53 resolver and instance metadata, which security groups and network ACLs cannot block",
    "appliances: a route to one is unknown, not isolated",
    "networks that no template here makes: on-premises networks, VPCs of others",
    "routes that are learned by BGP",
    "changes that are made beside the templates, and other stacks in the same VPCs",
    "faults of AWS",
];

const CLAIM_OF_PERMISSIONS: &str = "Under the templates as emitted, no statement that allows lets a role or user of one tenant, or a session \
that has one tenant's tag, act on a resource of another tenant, or read or change all of a resource that tenants share; and no policy of a \
resource lets another tenant's roles or everybody in.";

/// What nobody should read into the claim about permissions.
const NOT_CLAIMED_OF_PERMISSIONS: [&str; 10] = [
    "what `Deny` statements, permissions boundaries, session policies and organization policies take away: nothing here counts on them",
    "what shared roles do: they are listed, and trusted to tell tenants apart",
    "that whoever takes a session role names the right tenant in its tag",
    "that resources bear the tags which policies compare: the findings on tags say so",
    "resources of types that are not listed here, and resources that no template here makes",
    "what services do with a key on behalf of a caller (`kms:ViaService`): that is judged where their data are",
    "names and settings that actions show which name no resource",
    "who signs in with a provider that tenants share: a condition has to name the client or the person, which one is not judged",
    "AWS services in their own name, where no condition says on whose behalf they come",
    "changes that are made beside the templates, to policies of AWS's own as well",
];

/// How many gaps, pairs and roles are listed; all are counted.
const LISTED: usize = 100;

/// The certificate of an estate.
pub fn certificate(estate: &Estate, sources: &SourceMap, judged: &Judged) -> Json {
    let isolation = &judged.isolation;
    let (verdict, topology) = (&isolation.verdict, &isolation.network.topology);
    let unseen = unseen(estate, topology.tenants.is_empty());
    let least = if unseen.is_empty() { Standing::Isolated } else { Standing::Unknown };
    let (networks, permissions) = (of_networks(verdict).max(least), judged.permissions.standing().max(least));
    let tenant = |number: &usize| topology.tenants[*number].name.as_str();
    let workload = |number: usize| topology.workloads[number].name.as_str();
    let (digest, files) = digest(estate, sources);
    let interfaces =
        |owned: bool| topology.workloads.iter().filter(|one| one.owner.is_some() == owned).count();
    let decided = verdict.pairs - verdict.leaking - verdict.unknown;
    let depth = |(classes, counts): (&(String, String), &[u64; 4])| {
        json!({
            "from": classes.0,
            "to": classes.1,
            "pairs_by_layers_that_hold_alone": { "0": counts[0], "1": counts[1], "2": counts[2], "3": counts[3] },
        })
    };
    let shared = verdict.shared.iter().map(|shared| {
        json!({
            "workload": workload(shared.workload),
            "reached_by": shared.reached_by.iter().map(tenant).collect::<Vec<_>>(),
            "reaches": shared.reaches.iter().map(tenant).collect::<Vec<_>>(),
        })
    });
    let public = verdict.public.iter().map(|(number, services)| {
        let services = services.iter().map(|services| services_text(*services)).collect::<Vec<_>>();
        json!({ "workload": workload(*number), "services": services })
    });
    let leaks = verdict
        .leaks
        .iter()
        .map(|leak| json!({ "from": tenant(&leak.from), "to": tenant(&leak.to), "answered": leak.answered }));
    let gaps = isolation.network.gaps.iter().take(LISTED);
    let gaps = gaps.map(|gap| format!("{}: {}", estate.describe(gap.at.resource), gap.what));
    let gaps = unseen.into_iter().chain(gaps);
    json!({
        "version": 1,
        "claim": CLAIM,
        "not_claimed": NOT_CLAIMED,
        "verdict": networks.max(permissions).word(),
        "verdicts": { "networks": networks.word(), "permissions": permissions.word() },
        "tenants": topology.tenants.len(),
        "workloads": { "of_tenants": interfaces(true), "shared": interfaces(false) },
        "pairs": {
            "all": verdict.pairs,
            "isolated": decided,
            "leaking": verdict.leaking,
            "unknown": verdict.unknown,
            "without_interfaces_of_their_own": verdict.without_interfaces,
        },
        "layers": ["routes", "security groups", "network ACLs"],
        "depth": verdict.depth.iter().map(depth).collect::<Vec<_>>(),
        "leaks": leaks.collect::<Vec<_>>(),
        "not_known": gaps.collect::<Vec<_>>(),
        "shared_workloads": shared.collect::<Vec<_>>(),
        "open_to_the_internet": public.collect::<Vec<_>>(),
        "permissions": of_permissions(&judged.permissions, permissions),
        "judged": { "files": files, "digest": digest },
    })
}

/// What the certificate says about IAM.
fn of_permissions(judgement: &Judgement, standing: Standing) -> Json {
    let listed = |names: &[String]| names.iter().take(LISTED).cloned().collect::<Vec<_>>();
    let told = |wanted: Standing| {
        let findings = judgement.findings.iter().filter(|one| policies::standing_of(one) == wanted);
        findings.map(|one| one.diagnostic.message.clone()).take(LISTED).collect::<Vec<_>>()
    };
    json!({
        "claim": CLAIM_OF_PERMISSIONS,
        "not_claimed": NOT_CLAIMED_OF_PERMISSIONS,
        "verdict": standing.word(),
        "roles": {
            "of_tenants": judgement.tenant_roles,
            "of_sessions": judgement.session_roles.len(),
            "shared": judgement.shared_roles.len(),
        },
        "session_roles": listed(&judgement.session_roles),
        "shared_roles": listed(&judgement.shared_roles),
        "statements": judgement.statements,
        "resources": judgement.resources,
        "resource_types": policies::judged_types(),
        "leaks": told(Standing::Leaking),
        "not_known": told(Standing::Unknown),
    })
}

/// The keys in the order in which they are read.
const ORDER: [&str; 16] = [
    "version",
    "claim",
    "not_claimed",
    "verdict",
    "verdicts",
    "tenants",
    "workloads",
    "pairs",
    "layers",
    "depth",
    "leaks",
    "not_known",
    "shared_workloads",
    "open_to_the_internet",
    "permissions",
    "judged",
];

/// The text of a certificate.
pub fn certificate_text(certificate: &Json) -> String {
    struct Ordered<'a>(&'a Json);
    impl serde::Serialize for Ordered<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(ORDER.iter().filter_map(|key| Some((key, self.0.get(key)?))))
        }
    }
    serde_json::to_string_pretty(&Ordered(certificate)).unwrap_or_default() + "\n"
}

/// Why nothing can be said for sure of the estate as a whole.
fn unseen(estate: &Estate, no_tenants: bool) -> Vec<String> {
    let opaque = estate.templates().iter().filter(|template| template.is_opaque());
    let parts = opaque.map(|template| {
        format!("{}: what a transform, a loop or a stack within the stack makes is not seen", template.path)
    });
    let nobody = no_tenants.then(|| "no stack belongs to a tenant: there is no pair to judge".to_owned());
    nobody.into_iter().chain(parts).collect()
}

fn of_networks(verdict: &Verdict) -> Standing {
    if verdict.leaking > 0 {
        Standing::Leaking
    } else if verdict.unknown > 0 || verdict.unconfirmed > 0 {
        Standing::Unknown
    } else {
        Standing::Isolated
    }
}

/// One digest of all files that were judged: that of the lines `<SHA-256 of the file>  <path>`, sorted by path,
/// which `sha256sum` prints as well.
fn digest(estate: &Estate, sources: &SourceMap) -> (String, usize) {
    let mut files: BTreeMap<&str, FileId> = BTreeMap::new();
    files.extend(estate.manifest.map(|file| ("manifest.json", file)));
    files.extend(estate.templates().iter().map(|template| (&*template.path, template.file)));
    let deployments = estate.stacks().iter().filter_map(|stack| stack.deployment.as_ref());
    files.extend(deployments.map(|deployment| (&*deployment.path, deployment.file)));
    let mut all = Sha256::new();
    for (path, file) in &files {
        all.update(format!("{}  {path}\n", hexadecimal(&Sha256::digest(sources.text(*file)))));
    }
    (format!("sha256:{}", hexadecimal(&all.finalize())), files.len())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares an earlier certificate with what these files say.
///
/// Every value counts, not the digest alone: a certificate that was edited does not hold either.
pub fn verify(file: FileId, estate: &Estate, sources: &SourceMap, judged: &Judged) -> Vec<Finding> {
    let text = sources.text(file);
    let differs = |message: String, key: &str, note: String| {
        let at = text.find(&format!("\"{key}\"")).map_or(sources.whole(file).beginning(), |start| {
            let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            Span { file, start: place(start), end: place(start + key.len() + 2) }
        });
        Finding::new(&codes::CERTIFICATE_DOES_NOT_HOLD, message, at, "")
            .note(note)
            .help("make a new one with `tenantry check --certificate FILE` and compare the two")
    };
    let Ok(Json::Object(old)) = serde_json::from_str(text) else {
        return vec![differs("this is no certificate".to_owned(), "", "it is no JSON object".to_owned())];
    };
    let Json::Object(new) = certificate(estate, sources, judged) else { return Vec::new() };
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        if was == is {
            continue;
        }
        let message = match key.as_str() {
            "judged" => "the certificate was made for other files".to_owned(),
            key => format!("what the certificate says in {} is not so", quote(key)),
        };
        found.push(differs(message, key, format!("it says {}, the files say {}", short(was), short(is))));
    }
    found
}

fn short(value: Option<&Json>) -> String {
    let text = value.map_or("nothing".to_owned(), Json::to_string);
    quote(&text)
}
