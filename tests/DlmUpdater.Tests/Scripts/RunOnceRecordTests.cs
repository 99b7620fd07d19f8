using DlmUpdater.Core.Scripts;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class RunOnceRecordTests : IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));

    private readonly TrustedDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string State => _directory.Root + "/state";

    private string Path => State + "/upgrade-history";

    private string? Add(string name)
    {
        using var record = new RunOnceRecord(Path);
        return record.Add(new("update", name, "hash-" + name, At, "run-1"));
    }

    private string? Find(string name)
    {
        using var record = new RunOnceRecord(Path);
        return record.Find(ScriptStage.Update, name, out _);
    }

    [Fact]
    public void A_record_is_one_line_of_json()
    {
        Assert.Null(Add("10-a"));
        Assert.Null(Add("20 \"b\""));

        Assert.Equal(
            [
                """{"stage":"update","name":"10-a","sha256":"hash-10-a","time":"2026-01-02T01:04:05Z","run_id":"run-1"}""",
                """{"stage":"update","name":"20 \u0022b\u0022","sha256":"hash-20 \u0022b\u0022","time":"2026-01-02T01:04:05Z","run_id":"run-1"}""",
            ],
            File.ReadAllLines(Path));
        Assert.Equal("hash-20 \"b\"", Find("20 \"b\""));
        Assert.Null(Find("30"));
    }

    [Fact]
    public void A_line_that_was_torn_at_any_byte_is_repaired_by_the_next()
    {
        Add("first");
        string first = File.ReadAllText(Path);
        Add("second");
        string both = File.ReadAllText(Path);

        for (int cut = first.Length; cut <= both.Length; cut++)
        {
            File.WriteAllText(Path, both[..cut]);
            bool whole = cut >= both.Length - 1;
            Assert.Equal("hash-first", Find("first"));
            Assert.Equal(whole ? "hash-second" : null, Find("second"));

            Assert.Null(Add("3"));

            Assert.Equal(whole ? 3 : 2, File.ReadAllLines(Path).Length);
            Assert.Equal(whole ? "hash-second" : null, Find("second"));
            Assert.Equal("hash-3", Find("3"));
        }
    }

    [Fact]
    public void Foreign_lines_are_kept_and_say_nothing()
    {
        File.WriteAllText(Path, "0050_old_name.sh\n[1]\n{\"stage\":1}\n\n{\"stage\":\"update\",\"name\":\"x\"}\n");

        Assert.Null(Find("x"));
        Assert.Null(Add("a"));
        Assert.StartsWith("0050_old_name.sh\n[1]\n", File.ReadAllText(Path), StringComparison.Ordinal);
        Assert.Equal("hash-a", Find("a"));
    }

    [Fact]
    public void A_record_that_cannot_be_written_is_told()
    {
        Directory.CreateDirectory(Path);

        Assert.Contains("upgrade-history: it is a directory, not a file", Add("a"), StringComparison.Ordinal);
    }
}
