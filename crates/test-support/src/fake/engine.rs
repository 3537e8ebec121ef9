//! From a message to what is done about it, without a transport.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Scenario, Speaks, Step};

/// The revisions with `initialize`.
const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
const MODERN: &str = "2026-07-28";

/// A scenario at work.
#[derive(Debug)]
pub struct Engine {
    scenario: Scenario,
    /// How often each method was asked.
    asked: BTreeMap<String, usize>,
    /// How often the tools were listed from the start.
    tool_readings: usize,
}

impl Engine {
    /// Starts.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self { scenario, asked: BTreeMap::new(), tool_readings: 0 }
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What to do about a message: the steps, with every [`Step::Reply`] made a [`Step::Line`] and every `$…` filled in.
    /// A method's steps may be given for its nth arrival only, as `tools/list#2`.
    pub fn steps(&mut self, message: &Value) -> Vec<Step> {
        // Answers to our own requests need none.
        let Some(method) = message.get("method").and_then(Value::as_str) else { return Vec::new() };
        let id = message.get("id").cloned();
        let count = self.asked.entry(method.to_owned()).or_default();
        *count += 1;
        let nth = format!("{method}#{count}");
        let steps = self.scenario.on.get(&nth).or_else(|| self.scenario.on.get(method)).cloned();
        let steps = steps.unwrap_or_else(|| vec![Step::Reply]);
        let (result, reply) = match &id {
            Some(id) => self.reply(method, id, message.get("params").unwrap_or(&Value::Null)),
            None => (String::new(), String::new()),
        };
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        let fill = |text: &str| text.replace("$REPLY", &reply).replace("$RESULT", &result).replace("$ID", &id);
        steps
            .into_iter()
            .filter(|step| !(matches!(step, Step::Reply) && reply.is_empty()))
            .map(|step| match step {
                Step::Reply => Step::Line(reply.clone()),
                Step::Line(text) => Step::Line(fill(&text)),
                other => other,
            })
            .collect()
    }

    fn reply(&mut self, method: &str, id: &Value, params: &Value) -> (String, String) {
        match self.result(method, params) {
            Some(result) => {
                let reply = json!({"jsonrpc": "2.0", "id": id, "result": result});
                (result.to_string(), reply.to_string())
            }
            None => {
                let error = json!({"code": -32601, "message": "Method not found"});
                (String::new(), json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
            }
        }
    }

    fn result(&mut self, method: &str, params: &Value) -> Option<Value> {
        let scenario = &self.scenario;
        let modern = params.pointer("/_meta/io.modelcontextprotocol~1protocolVersion").is_some();
        match method {
            "ping" => Some(json!({})),
            "initialize" if scenario.speaks != Speaks::Discover => {
                let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
                let known = LEGACY.into_iter().find(|revision| *revision == asked).unwrap_or("2025-11-25");
                let mut result = json!({
                    "protocolVersion": scenario.revision.as_deref().unwrap_or(known),
                    "capabilities": scenario.declared_capabilities(),
                    "serverInfo": scenario.server_info,
                });
                self.add_instructions(&mut result);
                Some(result)
            }
            "server/discover" if scenario.speaks != Speaks::Initialize => {
                let mut result = json!({
                    "resultType": "complete",
                    "supportedVersions": [MODERN],
                    "capabilities": scenario.declared_capabilities(),
                    "_meta": {"io.modelcontextprotocol/serverInfo": scenario.server_info},
                    "ttlMs": 0,
                    "cacheScope": "private",
                });
                self.add_instructions(&mut result);
                Some(result)
            }
            _ => self.list(method, params, modern),
        }
    }

    fn add_instructions(&self, result: &mut Value) {
        if let (Value::Object(result), Some(text)) = (result, &self.scenario.instructions) {
            result.insert("instructions".to_owned(), json!(text));
        }
    }

    fn list(&mut self, method: &str, params: &Value, modern: bool) -> Option<Value> {
        let from_start = params.get("cursor").is_none();
        let (section, entries) = match method {
            "tools/list" => {
                self.tool_readings += usize::from(from_start);
                ("tools", self.current_tools()?)
            }
            "prompts/list" => ("prompts", self.scenario.prompts.clone()?),
            "resources/list" => ("resources", self.scenario.resources.clone()?),
            "resources/templates/list" => ("resourceTemplates", self.scenario.resource_templates.clone()?),
            "skills/list" => ("skills", self.scenario.skills.clone()?),
            _ => return None,
        };
        let start: usize =
            params.get("cursor").and_then(Value::as_str).and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let size = self.scenario.page_size.unwrap_or(usize::MAX);
        let end = start.saturating_add(size).min(entries.len());
        let page = entries.get(start..end).unwrap_or_default();
        let mut result = json!({section: page});
        if let Value::Object(result) = &mut result {
            if end < entries.len() {
                result.insert("nextCursor".to_owned(), json!(end.to_string()));
            }
            if modern {
                result.insert("resultType".to_owned(), json!("complete"));
                result.insert("ttlMs".to_owned(), json!(0));
                result.insert("cacheScope".to_owned(), json!("private"));
            }
        }
        Some(result)
    }

    fn current_tools(&self) -> Option<Vec<Value>> {
        let later = self.tool_readings.checked_sub(2).map(|index| index.min(self.scenario.later_tools.len()));
        match later {
            Some(_) if self.scenario.later_tools.is_empty() => self.scenario.tools.clone(),
            Some(index) => self.scenario.later_tools.get(index).or_else(|| self.scenario.later_tools.last()).cloned(),
            None => self.scenario.tools.clone(),
        }
    }
}
