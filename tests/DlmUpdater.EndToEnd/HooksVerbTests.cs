using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>dlm-updater hooks</c> over the hooks that the package brings.</summary>
public sealed class HooksVerbTests : IDisposable
{
    private static readonly string Shipped = Binary.Source + "/src/dist/hooks";

    private readonly Sandbox host = new Sandbox().Cycle(reboot: false);

    public HooksVerbTests()
    {
        // A copy: what root may run must be root's alone all the way up.
        Binary.Tool("cp", "-r", Shipped, host.Root + "/hooks");
        host.Set("scripts", "hooks", host.Root + "/hooks");
    }

    public void Dispose() => host.Dispose();

    [Fact]
    public void List_shows_every_hook_with_its_phases()
    {
        string[] lines = Call("list").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Directory.GetDirectories(Shipped).Length, lines.Length);
        Assert.Contains(lines, l => l.StartsWith("off     apt ", StringComparison.Ordinal) && l.EndsWith("needs_update, update, needs_reboot", StringComparison.Ordinal));
        JsonElement json = JsonDocument.Parse(Call("list", "--output", "json").Expect(0).Output).RootElement;
        Assert.Equal(lines.Length, json.GetProperty("hooks").GetArrayLength());
    }

    [Fact]
    public void Enable_links_the_scripts_shows_what_runs_and_plan_has_them_and_disable_takes_only_its_own_links_away()
    {
        string[] before = Plan();
        string said = Call("enable", "apt").Expect(0).Output;
        Assert.Contains("update.d runs: ", said, StringComparison.Ordinal);
        Assert.Contains("20-apt", said, StringComparison.Ordinal);
        Assert.Equal(3, Plan().Count(name => name == "20-apt"));
        Assert.StartsWith("on ", Call("show", "apt").Expect(0).Output, StringComparison.Ordinal);
        Call("enable", "apt").Expect(0);

        Call("disable", "apt").Expect(0);
        Assert.Equal(before, Plan());
        Assert.StartsWith("off ", Call("show", "apt").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_the_admin_with_the_same_name_is_left_alone_and_nothing_is_linked()
    {
        host.Script("update", "20-apt", "exit 0");
        Ended ended = Call("enable", "apt").Expect(74);
        Assert.Contains("update.d/20-apt: exists, and is no link to this hook; nothing is linked", ended.Error, StringComparison.Ordinal);
        Assert.Equal(1, Plan().Count(name => name == "20-apt"));
        Call("disable", "apt").Expect(0);
        Assert.Equal(1, Plan().Count(name => name == "20-apt"));
    }

    [Fact]
    public void A_name_that_does_not_exist_is_said() =>
        Assert.Contains("there is no hook nosuch", Call("enable", "nosuch").Expect(78).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("enable", "create")]
    [InlineData("disable", "remove")]
    public void Without_permission_the_link_is_named_with_what_to_do(string word, string act)
    {
        if (word == "disable") Call("enable", "failed-units").Expect(0);
        File.SetUnixFileMode(host.Config, (UnixFileMode)0b110_100_100);
        File.Copy(Binary.Path, host.Root + "/dlm-updater");
        File.SetUnixFileMode(host.Root + "/dlm-updater", Sandbox.Executable);
        var nobody = new StartAs { Wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], Executable = host.Root + "/dlm-updater" };

        string line = Assert.Single(Agent.Call(nobody, "hooks", word, "failed-units", "--config", host.Config).Expect(74).ErrorLines);

        Assert.Matches($@"^dlm-updater: cannot {act} the link {host.ScriptDirectory}/\S+: Permission denied: run as root, or set \[scripts\] directory", line);
    }

    [Fact]
    public void It_needs_no_lock_service()
    {
        host.Set("lock", "service", null).Set("lock", "name", null).Set("file", "directory", null).Set("file", "slots", null);
        Call("enable", "failed-units").Expect(0);
    }

    private Ended Call(params string[] words) => Agent.Call(new StartAs(), ["hooks", .. words, "--config", host.Config]);

    /// <summary>The names of all scripts that a run would run.</summary>
    private string[] Plan() =>
    [
        .. JsonDocument.Parse(Agent.Call(new StartAs(), "plan", "--config", host.Config, "--output", "json").Output).RootElement
            .GetProperty("stages").EnumerateArray().SelectMany(s => s.GetProperty("scripts").EnumerateArray()).Select(s => s.GetProperty("name").GetString()!),
    ];
}
