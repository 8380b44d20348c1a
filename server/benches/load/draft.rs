//! From the opening of an incident, as the journal tells it, to the first draft of a message to
//! customers in the hands of who asked for it.

use std::time::{Duration, Instant};

use domain::time::Timestamp;
use serde_json::Value;

use crate::{
    Outcome, Server, batch, expect, http::Connection, micros, open_stream, simulate::median,
    wait_for,
};

const ROUNDS: usize = 5;

/// The number of the incident about a subject, as soon as there is one.
async fn number_of(
    connection: &mut Connection,
    subject: &str,
) -> Result<Value, Box<dyn std::error::Error>> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        let incidents = connection.get("/api/ops/incidents", &[]).await?;
        let incidents: Value = serde_json::from_slice(&incidents.body)?;
        let mut active = incidents["active"].as_array().into_iter().flatten();
        if let Some(one) = active.find(|one| one["cause"] == *subject) {
            return Ok(one["number"].clone());
        }
    }
    Err(format!("no incident about {subject} within 10 s").into())
}

pub async fn measure() -> Outcome {
    let server = Server::start().await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let mut stream = open_stream(&server.address, &server.cookie).await?;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let subject = format!("service:draft-{round}");
        let body = batch(1, |_| (subject.clone(), 9_000.0));
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
        wait_for(&mut stream, &subject).await?;
        let number = number_of(&mut connection, &subject).await?;
        let page = connection.get(&format!("/api/ops/incidents/{number}/messages"), &[]).await?;
        let came = micros();
        let page: Value = serde_json::from_slice(&page.body)?;
        let drafts = page["messages"].as_array().ok_or("no messages")?;
        let has_words = |one: &Value| {
            one["draft"]["sentences"].as_array().is_some_and(|sentences| !sentences.is_empty())
        };
        if !drafts.iter().all(has_words) {
            return Err(format!("a draft is empty: {page}").into());
        }
        let incident = connection.get(&format!("/api/ops/incidents/{number}"), &[]).await?;
        let incident: Value = serde_json::from_slice(&incident.body)?;
        let opened: Timestamp = serde_json::from_value(incident["incident"]["opened_at"].clone())?;
        times.push(came.saturating_sub(opened.as_micros().unsigned_abs()) as f64 / 1e3);
    }
    println!(
        "first draft for each audience: {:.0} ms after the incident opened (median of {ROUNDS}, longest {:.0} ms)",
        median(&times),
        times.iter().copied().fold(0.0, f64::max)
    );
    server.stop().await
}
