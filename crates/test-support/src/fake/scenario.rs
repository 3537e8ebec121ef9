//! What a fake server declares and does.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The eras that a fake server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Speaks {
    /// `initialize` only; `server/discover` is an unknown method.
    #[default]
    Initialize,
    /// `server/discover` only; `initialize` is an unknown method.
    Discover,
    /// Both.
    Both,
}

/// One thing a fake server does in answer to a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The answer that a well-behaved server would give.
    Reply,
    /// A raw line. `$ID` is the request's id, `$RESULT` the well-behaved result, `$REPLY` the whole well-behaved answer.
    Line(String),
    /// Waits this many milliseconds.
    SleepMs(u64),
    /// Ends the process (or the connection) with this code.
    Exit(i32),
    /// Never says anything again.
    Hang,
    /// Writes a line without its end, of this many bytes.
    Flood(usize),
}

/// What a process does before it reads anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StartBehaviour {
    /// Waits.
    pub sleep_ms: u64,
    /// Writes these lines to standard output.
    pub stdout: Vec<String>,
    /// Writes these lines to standard error.
    pub stderr: Vec<String>,
    /// Ends at once with this code.
    pub exit: Option<i32>,
    /// Starts a process that outlives its parent, and writes both process ids to this file.
    pub grandchild_pid_file: Option<String>,
    /// Ignores the end of its input and SIGTERM.
    pub stubborn: bool,
}

/// What the HTTP form does differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpBehaviour {
    /// Answers with event streams instead of JSON.
    pub event_stream: bool,
    /// Hands out a session id at `initialize` and insists on it.
    pub sessions: bool,
    /// Answers a method with this status and an empty body.
    pub status: BTreeMap<String, u16>,
    /// Answers every POST with this status and location.
    pub redirect: Option<(u16, String)>,
    /// Is a server of 2024-11-05: POST is refused, GET is an event stream.
    pub old_transport: bool,
    /// The content type of answers, instead of the right one.
    pub content_type: Option<String>,
}

/// What a fake server declares and does. The JSON form is what the program `fake-mcp-server` reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    /// The eras it speaks.
    pub speaks: Speaks,
    /// The revision it answers to `initialize`, instead of the one asked for.
    pub revision: Option<String>,
    /// `serverInfo`
    pub server_info: Value,
    /// `capabilities`; made from the sections that are present where this is null.
    pub capabilities: Value,
    /// `instructions`
    pub instructions: Option<String>,
    /// `tools/list`; an unknown method where this is absent, like the other sections.
    pub tools: Option<Vec<Value>>,
    /// `prompts/list`
    pub prompts: Option<Vec<Value>>,
    /// `resources/list`
    pub resources: Option<Vec<Value>>,
    /// `resources/templates/list`
    pub resource_templates: Option<Vec<Value>>,
    /// `skills/list`
    pub skills: Option<Vec<Value>>,
    /// Entries on a page.
    pub page_size: Option<usize>,
    /// The tools of each reading after the first: `tools/list` without a cursor moves on to the next, and stays at the
    /// last.
    pub later_tools: Vec<Vec<Value>>,
    /// What is done, in order, when a method arrives, instead of [`Step::Reply`].
    pub on: BTreeMap<String, Vec<Step>>,
    /// Before anything is read.
    pub start: StartBehaviour,
    /// Over HTTP.
    pub http: HttpBehaviour,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            speaks: Speaks::default(),
            revision: None,
            server_info: json!({"name": "fake", "version": "1.0.0"}),
            capabilities: Value::Null,
            instructions: None,
            tools: None,
            prompts: None,
            resources: None,
            resource_templates: None,
            skills: None,
            page_size: None,
            later_tools: Vec::new(),
            on: BTreeMap::new(),
            start: StartBehaviour::default(),
            http: HttpBehaviour::default(),
        }
    }
}

impl Scenario {
    /// A small, ordinary server: two tools, instructions, nothing else.
    #[must_use]
    pub fn weather() -> Self {
        Self {
            server_info: json!({"name": "weather", "title": "Weather", "version": "1.0.0"}),
            instructions: Some("Ask for one city at a time.".to_owned()),
            tools: Some(vec![
                json!({
                    "name": "get_forecast",
                    "title": "Forecast",
                    "description": "Gives the forecast for a city.",
                    "inputSchema": {
                        "type": "object",
                        "properties": {
                            "city": {"type": "string", "description": "The city's name."},
                            "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 3},
                        },
                        "required": ["city"],
                    },
                    "annotations": {"readOnlyHint": true, "openWorldHint": true},
                }),
                json!({
                    "name": "add_station",
                    "description": "Adds a weather station to the map.",
                    "inputSchema": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "latitude": {"type": "number"}},
                        "required": ["name"],
                    },
                    "annotations": {"readOnlyHint": false, "destructiveHint": false},
                    "_meta": {"example.com/unit": "metric"},
                }),
            ]),
            ..Self::default()
        }
    }

    /// [`Scenario::weather`] with every section.
    #[must_use]
    pub fn full() -> Self {
        Self {
            prompts: Some(vec![json!({
                "name": "plan_trip",
                "description": "Plans a trip around the weather.",
                "arguments": [{"name": "where", "description": "Where to.", "required": true}],
            })]),
            resources: Some(vec![json!({
                "uri": "weather://stations",
                "name": "stations",
                "mimeType": "application/json",
                "size": 4711,
                "annotations": {"audience": ["user"], "lastModified": "2026-01-01T00:00:00Z"},
            })]),
            resource_templates: Some(vec![json!({"uriTemplate": "weather://stations/{id}", "name": "station"})]),
            ..Self::weather()
        }
    }

    /// A server of `count` tools, each of the size of a real one.
    #[must_use]
    pub fn large(count: usize) -> Self {
        let tool = |index: usize| {
            json!({
                "name": format!("tool_{index:05}"),
                "title": format!("Tool {index}"),
                "description": format!(
                    "Does the thing number {index} for the given subject and reports what was done. {}",
                    "Use it when the subject is known and nothing more specific applies. ".repeat(4)
                ),
                "inputSchema": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "type": "object",
                    "properties": {
                        "subject": {"type": "string", "description": "What to do it to.", "minLength": 1},
                        "mode": {"type": "string", "enum": ["fast", "careful", "dry"], "default": "careful"},
                        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
                        "options": {
                            "type": "object",
                            "properties": {
                                "verbose": {"type": "boolean", "description": "Says more."},
                                "tags": {"type": "array", "items": {"type": "string"}},
                            },
                            "additionalProperties": false,
                        },
                    },
                    "required": ["subject"],
                    "additionalProperties": false,
                },
                "annotations": {"readOnlyHint": index.is_multiple_of(2), "openWorldHint": false},
            })
        };
        Self { tools: Some((0..count).map(tool).collect()), ..Self::default() }
    }

    /// The capabilities as they are declared.
    #[must_use]
    pub fn declared_capabilities(&self) -> Value {
        if !self.capabilities.is_null() {
            return self.capabilities.clone();
        }
        let mut capabilities = serde_json::Map::new();
        let mut offer = |present: bool, name: &str| {
            if present {
                capabilities.insert(name.to_owned(), json!({}));
            }
        };
        offer(self.tools.is_some(), "tools");
        offer(self.prompts.is_some(), "prompts");
        offer(self.resources.is_some() || self.resource_templates.is_some(), "resources");
        if self.skills.is_some() {
            capabilities.insert("extensions".to_owned(), json!({"io.modelcontextprotocol/skills": {}}));
        }
        Value::Object(capabilities)
    }

    /// Does this when `method` arrives.
    #[must_use]
    pub fn on(mut self, method: &str, steps: impl IntoIterator<Item = Step>) -> Self {
        self.on.insert(method.to_owned(), steps.into_iter().collect());
        self
    }

    /// Speaks these eras.
    #[must_use]
    pub fn speaking(mut self, speaks: Speaks) -> Self {
        self.speaks = speaks;
        self
    }

    /// Writes the scenario as the file that `fake-mcp-server` reads.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[expect(clippy::expect_used, reason = "for tests only")]
    pub fn write(&self, path: &Path) {
        let text = serde_json::to_string_pretty(self).expect("a scenario is plain data");
        std::fs::write(path, text).expect("the scenario file can be written");
    }
}
