using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Scripts.Upgrades;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Scripts.Upgrades;

public sealed class UpgradeStoreTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly TrustedDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string State => _directory.Root + "/state";

    private string File_ => UpgradeStore.PathIn(State);

    [Fact]
    public void What_is_written_is_read_back()
    {
        UpgradeProgress begun = Progress();
        Write(store =>
        {
            store.Begin(begun);
            _ = Now(store.Enter(Band.Defaults[0]));
            _ = Now(store.Finish("0010_a"));
            _ = Now(store.Leave(Band.Defaults[0]));
            store.Begin(begun with { Attempt = 2 });
        });

        UpgradeProgress read = Open();
        Assert.Equal((begun.Id, begun.Begun, "run-1", 2), (read.Id, read.Begun, read.ByRun, read.Attempt));
        Assert.Equal(["0010_a"], read.Finished);
        Assert.Equal(["down"], read.Entered);
        Assert.Equal(["down"], read.Left);
        Assert.Equal("--skip 0020_b", read.Skipped["0020_b"]);
        Write(store => Assert.Null(store.Close()));
        Assert.IsType<StoredUpgrade.None>(Load());
    }

    [Fact]
    public void A_line_that_is_torn_at_any_byte_was_not_acted_upon_and_is_cut_off_by_the_next()
    {
        Write(store =>
        {
            store.Begin(Progress());
            _ = Now(store.Finish("0010_a"));
        });
        byte[] before = File.ReadAllBytes(File_);
        Write(store => _ = Now(store.Finish("0020_b")));
        byte[] after = File.ReadAllBytes(File_);

        for (int length = before.Length; length <= after.Length; length++)
        {
            File.WriteAllBytes(File_, after[..length]);
            bool whole = length >= after.Length - 1;
            Assert.Equal(whole ? 2 : 1, Open().Finished.Count);
            Write(store => Assert.Null(Now(store.Finish("0030_c"))));
            Assert.Equal(whole ? ["0010_a", "0020_b", "0030_c"] : ["0010_a", "0030_c"], Open().Finished.Order());
        }
    }

    [Fact]
    public void A_first_line_that_is_torn_at_any_byte_is_no_upgrade()
    {
        Write(store => store.Begin(Progress()));
        byte[] whole = File.ReadAllBytes(File_);
        for (int length = 0; length < whole.Length - 1; length++)
        {
            File.WriteAllBytes(File_, whole[..length]);
            Assert.IsType<StoredUpgrade.None>(Load());
        }
    }

    [Theory]
    [InlineData("garbage\n{\"enter\":\"down\"}\n", ":1: is not valid JSON")]
    [InlineData("{\"enter\":\"down\"}\n{}\n", ":1: the first line does not say which upgrade it is")]
    [InlineData("{\"upgrade\":\"u\"}\n{}\n", ":1: does not say when the upgrade was begun")]
    [InlineData("{\"upgrade\":\"u\",\"begun\":\"2026-01-01T00:00:00Z\",\"attempt\":1,\"left_out\":{}}\n{\"what\":1}\n", ":2: says nothing that is known")]
    public void What_cannot_be_understood_is_named_and_stays(string text, string part)
    {
        Directory.CreateDirectory(State);
        File.WriteAllText(File_, text);
        Assert.Contains(part, Assert.IsType<StoredUpgrade.Unreadable>(Load()).Why, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(File_));
    }

    [Fact]
    public void A_plain_list_counts_by_name_and_lines_of_other_stages_and_of_what_was_left_out_do_not()
    {
        Directory.CreateDirectory(State);
        File.WriteAllText(State + "/upgrade-history", "0001_old.sh\n\n# a comment\n{\"stage\":\"update\",\"name\":\"0002_b\",\"sha256\":\"x\"}\n{\"stage\":\"upgrade\",\"name\":\"0003_c\",\"left_out\":\"--skip 0003_c\"}\n0004_last");
        Write(store =>
        {
            Assert.Equal(["0001_old.sh", "0004_last"], store.History(out _)!.Keys.Order());
            _ = Now(store.FinishOnce(Script("0005_e")));
            store.Forget("0001_old.sh");
            Assert.Equal(["0004_last", "0005_e"], store.History(out _)!.Keys.Order());
            Assert.Equal(new DoneOnce("sha", Noon, ""), store.History(out _)!["0005_e"]);
        });
        Assert.StartsWith("0001_old.sh\n", File.ReadAllText(State + "/upgrade-history"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        Directory.CreateDirectory(File_);
        Write(store => Assert.Contains("upgrade-open: it is a directory, not a file", store.Begin(Progress()), StringComparison.Ordinal));
    }

    private static UpgradeProgress Progress() =>
        new("upgrade-1", Noon, "run-1", 1, new HashSet<string>(), new Dictionary<string, string> { ["0020_b"] = "--skip 0020_b" }, new HashSet<string>(), new HashSet<string>());

    private static UpgradeScript Script(string name) => new(5, new Script(ScriptStage.Update, name, "/x", ScriptHeader.None, null, null), new(null, null, true, []), true, "sha");

    private static string? Now(ValueTask<string?> call) => call.AsTask().GetAwaiter().GetResult();

    private UpgradeStore Store() => new(State, State + "/upgrade-history", new FakeTimeProvider(Noon));

    private void Write(Action<UpgradeStore> act)
    {
        using UpgradeStore store = Store();
        act(store);
    }

    private StoredUpgrade Load()
    {
        using UpgradeStore store = Store();
        return store.Load();
    }

    private UpgradeProgress Open() => Assert.IsType<StoredUpgrade.Open>(Load()).Progress;
}
