//! The description of the interface is held to what the program really answers.

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use server::http::{api::routes, schema::Content};

use crate::program::{
    Answer, Home, Running,
    approved::{self, folder, own_script},
};

/// The faults of a value by a schema of the description; empty if nothing is.
fn wrong(description: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "components": description["components"] });
    whole["allOf"] = json!([schema]);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("https://calm-ops.invalid/schema.json", whole).unwrap();
    let compiled = compiler.compile("https://calm-ops.invalid/schema.json", &mut schemas).unwrap();
    schemas.validate(value, compiled).err().map(|error| error.to_string()).into_iter().collect()
}

/// Every reference leads somewhere.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(to) if name == "$ref" => drop(found.insert(to)),
            _ => references(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A program in which everything has happened that an answer can tell of.
fn lived(home: &Home) -> Running {
    let program =
        home.start_with(&["--config", approved::configuration(home).to_str().unwrap()]).unwrap();
    let number =
        approved::offered(&program)["id"].as_str().unwrap().split_once('-').unwrap().0.to_owned();
    for (what, body) in [
        ("acknowledge", "{}"),
        ("comment", r#"{"text":"Seen."}"#),
        ("resolve", r#"{"note":"Over."}"#),
        ("reopen", "{}"),
    ] {
        assert_eq!(
            program.post(&format!("/api/ops/incidents/{number}/{what}"), body).status,
            200,
            "{what}"
        );
    }
    program.until("a snapshot", |program| {
        let page = program.get(&format!("/api/ops/incidents/{number}")).json();
        (!page["snapshots"].as_array()?.is_empty() && !page["series"].as_array()?.is_empty())
            .then_some(())
    });
    program
}

fn path(program: &Running, template: &str) -> String {
    match template {
        _ if template.starts_with("/api/ops/reports/") => {
            // The one that was made just before.
            let list = program.get("/api/ops/reports").json();
            template.replace("{id}", &list["reports"][0]["report"].to_string())
        }
        "/api/ops/series" | "/api/ops/series.csv" | "/api/ops/signal" | "/api/ops/thresholds" => {
            format!("{template}?subject=service:imports&signal=queue.depth")
        }
        "/api/ops/thresholds.patch" => {
            let of = "subject=service:imports&signal=queue.depth";
            let page = program.get(&format!("/api/ops/thresholds?{of}")).json();
            let hash = page["hash"].as_str().unwrap();
            format!("{template}?{of}&document={hash}&line=9&critical=above+9000+jobs&for=1+min")
        }
        "/api/ops/incidents/{id}/messages.txt" => {
            "/api/ops/incidents/1/messages.txt?audience=all".to_owned()
        }
        "/api/ops/journal" => "/api/ops/journal?limit=1000".to_owned(),
        _ if template.starts_with("/api/ops/recommendations/") => template.replace("{id}", "1-1"),
        _ => template.replace("{id}", "1"),
    }
}

#[test]
fn every_answer_is_what_the_description_says() {
    let place = folder();
    let (_, section) = own_script(&place, "#!/bin/sh\necho it was tried\n");
    let home = approved::home(&approved::catalogue("script:own", "-", "Calm Ops"), &section);
    let mut program = lived(&home);
    let description = program.get("/api/openapi.json").json();
    let mut read = 0;
    program.push("organization:1", 10.0);
    program.until("the organization", |program| {
        (program.get("/api/ops/organizations/1/impact").status == 200).then_some(())
    });
    for route in routes() {
        let described = &description["paths"][route.path][route.method];
        let (status, _) = route.answer;
        let answer: Answer = match route.body {
            _ if matches!(route.content, Content::Stream) => continue,
            None => program.get(&path(&program, route.path)),
            // The four that change an incident are in their order: it is open, so it can't be
            // opened again.
            Some((example, _)) if route.method == "put" => {
                program.put(&path(&program, route.path), example)
            }
            Some((example, _)) => program.post(&path(&program, route.path), example),
        };
        // Some of them end the sign-in by which they are asked.
        if program.get("/api/people/me").status == 401 {
            program.sign_in();
        }
        if let Some((example, _)) = route.body {
            let schema = &described["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(
                wrong(&description, schema, &serde_json::from_str(example).unwrap()),
                [""; 0],
                "{route:?}: its example"
            );
            let needs_nothing = example == "{}";
            assert_eq!(
                wrong(&description, schema, &json!({ "nonsense": 1 })).is_empty(),
                needs_nothing,
                "{route:?} takes anything"
            );
        }
        let (content, kind) = if answer.status == status {
            (&described["responses"][status.to_string()]["content"], "application/json")
        } else {
            assert!(route.method != "get" && answer.status < 500, "{route:?}: {answer:?}");
            (&described["responses"]["default"]["content"], "application/problem+json")
        };
        if !matches!(route.content, Content::Json(_)) && answer.status == status {
            assert!(content.is_object(), "{route:?}");
            continue;
        }
        read += 1;
        assert_eq!(
            wrong(&description, &content[kind]["schema"], &answer.json()),
            [""; 0],
            "{route:?}"
        );
    }
    assert!(read >= 12, "only {read} answers were read");

    // The schemas can fail.
    let health = &description["paths"]["/api/ops/health"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"];
    let mut answer = program.get("/api/ops/health").json();
    answer["now"]["readings"][0]["status"] = json!("fine");
    answer["head"]["hash"] = json!("short");
    let found = wrong(&description, health, &answer);
    assert!(
        found.iter().any(|wrong| wrong.contains("status"))
            && found.iter().any(|wrong| wrong.contains("hash")),
        "{found:?}"
    );
}

#[test]
fn the_description_holds_together() {
    let home = Home::new();
    let description = home.start().get("/api/openapi.json").json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut found = BTreeSet::new();
    references(&description, &mut found);
    assert!(found.len() > 20);
    for to in found {
        let name = to.strip_prefix("#/components/schemas/").unwrap();
        assert!(description["components"]["schemas"][name].is_object(), "{to} leads nowhere");
    }
    let routes = routes();
    let operations = routes.iter().map(|route| {
        description["paths"][route.path][route.method]["operationId"].as_str().unwrap()
    });
    assert_eq!(
        operations.collect::<BTreeSet<_>>().len(),
        routes.len(),
        "each has a name of its own"
    );
    let required = |parameter: &Value| (parameter["name"].clone(), parameter["required"].clone());
    let course = description["paths"]["/api/ops/series"]["get"]["parameters"].as_array().unwrap();
    assert_eq!(required(&course[0]), (json!("subject"), json!(true)));
    assert_eq!(required(&course[2]), (json!("from"), json!(false)));
}

#[test]
fn the_type_of_a_problem_leads_to_its_explanation() {
    let home = Home::new();
    let program = home.start();
    let page = program.get("/api").body;
    for answer in [
        program.get("/api/nothing"),
        program.post("/api/ops/signals", "{"),
        program.get("/api/ops/journal?limit=0"),
    ] {
        let kind = answer.json()["type"].as_str().unwrap().to_owned();
        let anchor = kind.strip_prefix("/api#").unwrap();
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{kind} leads nowhere");
    }
}
