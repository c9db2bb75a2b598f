use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const PEERS: &str = r#"{"ip":"10.0.0.1","port":8080},"destination":{"ip":"2001:db8::9","port":40000}"#;

/// A line as the encoder writes it: `what` comes after the two ends, up to the size of the body; `end` after that.
fn line(id: &str, direction: &str, what: &str, end: &str) -> String {
    format!(
        r#"{{"id":"{id}","timestamp":"2024-05-17T14:02:58.006Z","direction":"{direction}","receiver":{PEERS}{what},"bodySize":{end}}}"#
    )
}

fn request(id: &str, path: &str, host: &str) -> String {
    let what = format!(
        r#","method":"GET","path":{},"httpVersion":"1.1","headers":{{"accept":"*/*","host":{}}},"body":"""#,
        json!(path),
        json!(host)
    );
    line(id, "request", &what, "0")
}

fn response(id: &str, status: u16, end: &str) -> String {
    let what =
        format!(r#","statusCode":{status},"reason":"R","httpVersion":"1.1","headers":{{}},"body":"\",\"bodySize\":7""#);
    line(id, "response", &what, end)
}

const ANSWERS: &str = r#"2,"request":{"method":"GET","path":"/a"},"latencyMs":1.5,"waitMs":0.005,"durationMs":12"#;

struct Told {
    head: Vec<f64>,
    records: Vec<Vec<f64>>,
    connections: Vec<f64>,
    text: String,
}

fn tell(table: &Batch) -> Told {
    let doubles = |bytes: &[u8]| -> Vec<f64> {
        bytes.chunks(8).map(|value| f64::from_le_bytes(value.try_into().unwrap())).collect()
    };
    let (records, rest) = table.lines.split_at(RECORD_BYTES * (table.messages as usize + 1));
    let mut records: Vec<Vec<f64>> = records.chunks(RECORD_BYTES).map(doubles).collect();
    let head = records.remove(0);
    let (connections, text) = rest.split_at(16 * head[0] as usize);
    Told { head, records, connections: doubles(connections), text: String::from_utf8(text.to_vec()).unwrap() }
}

fn tables_of(lines: &[String]) -> Vec<Batch> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (mut table, mut tables) = (Table::default(), Vec::new());
    table.add(&text.into_bytes().into(), |full| tables.push(full));
    tables.extend(table.take());
    assert!(table.take().is_none(), "there is no more of it");
    tables
}

fn table_of(lines: &[String]) -> Told {
    let tables = tables_of(lines);
    assert_eq!(tables.len(), 1);
    tell(&tables[0])
}

#[test]
fn an_exchange_is_two_records_that_know_each_other() {
    let told = table_of(&[request("7.3", "/a?b", "shop.test"), response("7.3", 404, ANSWERS)]);
    let at = 1_715_954_578_006.0;
    assert_eq!(told.text, format!("{PEERS}GET\t/a?b\tshop.test\n"));
    assert_eq!(told.head[..4], [1.0, 1.0, PEERS.len() as f64, 19.0]);
    assert_eq!(told.connections, [7.0, PEERS.len() as f64]);
    assert_eq!(told.records[0][..5], [32.0, 0.0, 3.0, at, 0.0]);
    assert!(told.records[0][5..].iter().all(|time| time.is_nan()));
    let word = f64::from(RESPONSE | IS_PAIRED | IS_HERE | 404 << STATUS_SHIFT);
    assert_eq!(told.records[1], [word, 0.0, 3.0, at, 2.0, 12.0, 1.5, 0.005]);
}

#[test]
fn only_a_final_response_to_a_request_of_the_table_is_its_answer() {
    let interim = response("7.1", 100, ANSWERS);
    let without = response("7.1", 200, "2");
    let other = response("7.2", 200, ANSWERS);
    let [first, twice] = [response("7.1", 200, ANSWERS), response("7.1", 200, ANSWERS)];
    let told = table_of(&[request("7.1", "/a", "h"), interim, without, other, first, twice]);
    let flags: Vec<u32> = told.records.iter().map(|record| record[0] as u32 & (IS_PAIRED | IS_HERE)).collect();
    assert_eq!(flags, [IS_PAIRED, IS_PAIRED, 0, IS_PAIRED, IS_PAIRED | IS_HERE, IS_PAIRED]);
    // The request it answers is told if that is not here: the second target, since it says no host.
    let targets: Vec<usize> = told.records.iter().map(|record| record[1] as usize / TARGET_FACTOR).collect();
    assert_eq!(targets, [0, 1, 0, 1, 0, 1]);
    assert_eq!(table_of(&[response("7.1", 101, ANSWERS), request("7.1", "/a", "h")]).records[1][0], 0.0);
}

#[test]
fn how_it_ended_is_told_by_number() {
    for (index, name) in ["stopped", "evicted", "gap", "timeout", "malformed", "closed", "reset"].iter().enumerate() {
        let end = format!(r#"5,"bodyTruncated":true,"incomplete":"{name}","gapBytes":9,"streamId":3,"scheme":"https""#);
        let word = table_of(&[response("1.1", 0, &end)]).records[0][0] as usize;
        assert_eq!(word >> INCOMPLETE_SHIFT & 7, index + 1, "{name}");
    }
}

#[test]
fn lines_that_are_not_as_usual_come_whole_and_in_their_place() {
    let usual = request("1.1", "/a", "h");
    let odd = [
        String::new(),
        "{}".to_owned(),
        request("1.2", "/\"", "h"),
        request("1.2", "/a", "h\\"),
        response("1.2", 200, r#"2,"trailers":{"a":"b"}"#),
        response("1.2", 200, r#"2,"timestampUnknown":true"#),
        response("1.2", 200, r#"2,"incomplete":"otherwise""#),
        response("1.2", 200, r#"2,"latencyMs":1e3"#),
        response("1.2", 200, r#"1234567890123456"#),
        response("1.2", 200, r#"2,"grpc":{"service":"S","method":"M","status":0}"#),
        response("1/1.2", 200, "2"),
        response("1.2", 200, "2").replace("10.0.0.1", "10.0.0.2"),
        response("1.2", 200, "2").replace("2024-05-17", "2023-02-29"),
        response("1.2", 200, "2").replace("2024-05-17", "2024-13-01"),
        response("1.2", 200, "2").replace("T14:02", "T14:60"),
        request("1.2", "/a", "h").replace(r#","bodySize":0"#, r#","bodySize":0,"request":{"method":"A","path":"/"}"#),
        r#"{"stream":"websocket","id":"1.2","timestamp":"2024-05-17T14:02:58.006Z"}"#.to_owned(),
    ];
    for odd in odd {
        let told = table_of(&[usual.clone(), odd.clone(), usual.clone()]);
        let [first, other, last] = &told.records[..] else { panic!("{odd}") };
        assert_eq!((first[0], other[0], last[0]), (0.0, 2.0, 0.0), "{odd}");
        let others = &told.text[(told.head[2] + told.head[3]) as usize..];
        assert_eq!(&others[other[2] as usize..][..other[3] as usize], odd);
    }
}

/// Not as usual.
const END: &str = r#"2,"trailers":{"a":"b","bodySize":"c"}"#;

/// Its text would be most of the table, and the receiver does not look at it.
#[test]
fn a_long_line_that_is_not_as_usual_comes_without_its_body() {
    let long = "\\\",\"bodySize\":3,é".repeat(200_000);
    let with = |members: &str| {
        line("1.2", "response", &format!(r#","statusCode":200,"headers":{{"a":"}},\"body\":"}}{members}"#), END)
    };
    for members in [
        format!(r#","body":{}"#, json!(long)),
        format!(r#","body":{},"bodyText":{},"bodyDecoded":"gzip","bodyTruncated":true"#, json!(long), json!(long)),
        format!(r#","bodyEncoding":"binary","bodyText":{}"#, json!(long)),
    ] {
        let (mut table, mut tables) = (Table::default(), Vec::new());
        table.add(&(with(&members) + "\n").into_bytes().into(), |full| tables.push(full));
        tables.extend(table.take());
        let told = tell(&tables[0]);
        let other = &told.records[0];
        assert_eq!((other[0], other[2], told.text.len() as f64), (2.0, 0.0, other[3]));
        assert_eq!(told.text, with(""), "{}", &members[..40]);
    }
}

#[test]
fn a_long_line_in_which_no_body_is_found_comes_whole() {
    let long = "x".repeat(1 << 20);
    for odd in [
        response("1.2", 200, END).replace(r#"{},"body":"#, &format!(r#"{{"a":"{long}"}},"body":7,"b":"#)),
        response("1.2", 200, END).replace(r#","bodySize":2"#, &format!(r#","more":"{long}","bodySize":2"#)),
        format!(r#"{{"a":{{}},"body":"{long}"#),
        format!(r#"{{"a":{{}},"body":"{long}\"#),
        format!(r#"{{"a":{{}},"body{long}"#),
        long.clone(),
    ] {
        let (mut table, mut tables) = (Table::default(), Vec::new());
        table.add(&(odd.clone() + "\n").into_bytes().into(), |full| tables.push(full));
        tables.extend(table.take());
        assert_eq!(tell(&tables[0]).text, odd, "{}", &odd[odd.len() - 20..]);
        assert!(table.others.capacity() <= 2 * MAX_TEXT_BYTES, "it is not kept for the rest of the run");
    }
}

#[test]
fn a_table_ends_with_so_many_messages_or_so_much_text() {
    let few: Vec<_> = (0..MAX_MESSAGES + 1).map(|n| request(&format!("1.{n}"), "/a", "h")).collect();
    let messages: Vec<_> = tables_of(&few).iter().map(|table| table.messages as usize).collect();
    assert_eq!(messages, [MAX_MESSAGES, 1]);
    let path = "/".repeat(MAX_TEXT_BYTES / 4);
    let long: Vec<_> = (0..6).map(|n| request(&format!("1.{n}"), &format!("{path}{n}"), "h")).collect();
    let messages: Vec<_> = tables_of(&long).iter().map(|table| table.messages).collect();
    assert_eq!(messages, [4, 2]);
}

#[test]
fn a_table_holds_by_itself() {
    let mut table = Table::default();
    let mut one = |line: String| {
        table.add(&(line + "\n").into_bytes().into(), |_| panic!("it is not full"));
        tell(&table.take().unwrap())
    };
    one(request("7.3", "/a", "h"));
    let told = one(response("7.3", 200, ANSWERS));
    assert_eq!(told.text, format!("{PEERS}GET\t/a\n"));
    assert_eq!(told.records[0][0] as u32 & IS_HERE, 0);
}

fn number_of(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The same double or NaN.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

proptest! {
    /// A line is read as a reader of JSON reads it, whatever stands in its texts; otherwise it is left as it is.
    #[test]
    fn facts_are_those_of_the_json(
        path in "(/[a-z\":,{}\\\\é\t]{0,6}){1,3}",
        host in proptest::option::of("[a-z.\"\\\\]{0,9}"),
        body in "[a-z\":,{}]{0,9}(\",\"bodySize\":[0-9])?",
        micros in proptest::collection::vec(0_u64..100_000_000, 3),
        size in 0_u64..1 << 40,
    ) {
        let headers = host.as_ref().map_or(json!({"a": body}), |host| json!({"a": body, "host": host, "host2": "x"}));
        let times = micros.iter().map(|micros| format!("{}", *micros as f64 / 1_000.0)).collect::<Vec<_>>();
        let what = format!(r#","method":"PUT","path":{},"httpVersion":"1.1","headers":{headers},"body":{}"#, json!(path), json!(body));
        let end = format!(r#"{size},"latencyMs":{},"waitMs":{},"durationMs":{}"#, times[0], times[1], times[2]);
        let text = line("1.2", "request", &what, &end);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        if let Some(facts) = Reader::default().read(text.as_bytes()) {
            let target = facts.target.unwrap();
            prop_assert_eq!(std::str::from_utf8(target.path).unwrap(), parsed["path"].as_str().unwrap());
            prop_assert_eq!(target.host.map(|host| std::str::from_utf8(host).unwrap()), parsed["headers"]["host"].as_str());
            prop_assert!(same(facts.body_size, number_of(&parsed["bodySize"])));
            prop_assert!(same(facts.latency_ms, number_of(&parsed["latencyMs"])));
            prop_assert!(same(facts.wait_ms, number_of(&parsed["waitMs"])));
            prop_assert!(same(facts.duration_ms, number_of(&parsed["durationMs"])));
        } else {
            let has_escape = |text: &str| text.contains(['"', '\\', '\t']);
            prop_assert!(has_escape(&path) || host.as_deref().is_some_and(has_escape), "{text}");
        }
    }

    /// With any text there it is told, and nothing fails.
    #[test]
    fn damaged_lines_are_told_too(cut in 0_usize..400, byte in any::<u8>(), at in 0_usize..400) {
        let mut bytes = response("7.3", 200, ANSWERS).into_bytes();
        bytes.truncate(cut);
        if let Some(place) = bytes.get_mut(at) {
            *place = if byte == b'\n' { b' ' } else { byte };
        }
        bytes.push(b'\n');
        let mut table = Table::default();
        table.add(&bytes.into(), |_| {});
        prop_assert_eq!(table.take().unwrap().messages, 1);
    }
}

#[test]
fn times_are_those_of_the_calendar() {
    let at = |time: &str| {
        let line = response("7.3", 200, "0").replace("2024-05-17T14:02:58.006Z", time);
        Reader::default().read(line.as_bytes()).map(|facts| facts.at_ms)
    };
    for (time, at_ms) in [
        ("1970-01-01T00:00:00.000Z", 0.0),
        ("1999-12-31T23:59:59.999Z", 946_684_799_999.0),
        ("2000-02-29T00:00:00.000Z", 951_782_400_000.0),
        ("2024-12-31T23:59:59.123Z", 1_735_689_599_123.0),
        ("2100-03-01T00:00:00.000Z", 4_107_542_400_000.0),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999.0),
    ] {
        assert_eq!(at(time), Some(at_ms), "{time}");
    }
    for time in ["2100-02-29T00:00:00.000Z", "2024-04-31T00:00:00.000Z", "2024-04-00T00:00:00.000Z"] {
        assert_eq!(at(time), None, "{time}");
    }
    for time in ["2024-00-01T00:00:00.000Z", "2024-01-01T24:00:00.000Z", "2024-01-01T00:00:60.000Z"] {
        assert_eq!(at(time), None, "{time}");
    }
}
