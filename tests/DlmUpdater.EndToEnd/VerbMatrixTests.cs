using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>Every verb where the operating system refuses something: it ends with an exit code of the manual, and says why. The verbs are
/// those of <c>--help</c>, so a new one is
/// in here from its first day.</summary>
public sealed partial class VerbMatrixTests(ITestOutputHelper output)
{
    private const int Uid = 41234;

    /// <summary>The exit codes of the manual; 70 is left out, since it is a bug.</summary>
    private static readonly int[] Documented = [0, 1, 2, 65, 69, 74, 75, 77, 78, 79, 80, 81, 82];

    /// <summary>How each verb is called, without the configuration; null = it only groups others, or does not end by itself.</summary>
    private static readonly Dictionary<string, string[]?> Calls = new()
    {
        ["run"] = [],
        ["status"] = [],
        ["plan"] = [],
        ["check"] = [],
        ["shield"] = ["--", "/bin/true"],
        ["upgrade"] = ["--dry-run"],
        ["history"] = [],
        ["reset"] = ["--yes"],
        ["updatelock"] = ["status"],
        ["import"] = ["/etc/hostname"],
        ["version"] = [],
        ["lock"] = null,
        ["lock show"] = [],
        ["lock list"] = [],
        ["lock acquire"] = [],
        ["lock release"] = [],
        ["lock unlock"] = ["host-9", "--yes"],
        ["lock set-max"] = ["2"],
        ["lock enable"] = [],
        ["lock disable"] = [],
        ["lock events"] = [],
        ["lock watch"] = null,
        ["hooks"] = null,
        ["hooks list"] = [],
        ["hooks show"] = ["sample"],
        ["hooks enable"] = ["sample"],
        ["hooks disable"] = ["sample"],
        ["upgrade pending"] = [],
        ["upgrade history"] = [],
        ["upgrade rerun"] = ["0010_x"],
        ["upgrade mark"] = ["0010_x"],
        ["upgrade new"] = ["y"],
    };

    /// <summary>Verbs without a configuration.</summary>
    private static readonly string[] Bare = ["version", "import"];

    /// <summary>What the operating system refuses: shell that ends with <c>exec "$@"</c>, in which $ROOT is the host's directory.</summary>
    private static readonly Dictionary<string, string> Refusals = new()
    {
        ["deleted working directory"] = "mkdir $ROOT/gone && cd $ROOT/gone && rmdir $ROOT/gone && exec \"$@\"",
        ["no /proc"] = "unshare -m sh -c 'mount -t tmpfs none /proc && exec \"$@\"' sh \"$@\"",
        ["/proc that cannot be listed"] = $"unshare -m sh -c 'mount --bind /proc/self/ns /proc && exec \"$@\"' sh \"$@\"",
        ["4 descriptors"] = "ulimit -n 4; exec \"$@\"",
        ["5 descriptors"] = "ulimit -n 5; exec \"$@\"",
        ["8 descriptors"] = "ulimit -n 8; exec \"$@\"",
        ["10 descriptors"] = "ulimit -n 10; exec \"$@\"",
        ["17 descriptors"] = "ulimit -n 17; exec \"$@\"",
        ["19 descriptors"] = "ulimit -n 19; exec \"$@\"",
        ["little memory"] = "ulimit -v 150000; exec \"$@\"",
        ["no threads"] = $"chown -R {Uid} $ROOT; exec setpriv --reuid {Uid} --regid {Uid} --clear-groups prlimit --nproc=1 \"$@\"",
        ["no stdin"] = "exec \"$@\" <&-",
        ["no stdout"] = "exec \"$@\" >&-",
        ["no stdin, stdout and stderr"] = "exec \"$@\" <&- >&- 2>&-",
        ["full stdout"] = "exec \"$@\" > /dev/full",
        ["a user who may read nothing"] = $"chmod 0700 $ROOT; exec setpriv --reuid {Uid} --regid {Uid} --clear-groups \"$@\"",
        ["a user who may read the configuration only"] = $"chmod 0700 $ROOT/state $ROOT/run $ROOT/locks $ROOT/scripts $ROOT/hooks; exec setpriv --reuid {Uid} --regid {Uid} --clear-groups \"$@\"",
        ["a user who may list nothing"] = $"chmod 0711 $ROOT/state $ROOT/run $ROOT/locks $ROOT/scripts $ROOT/scripts/* $ROOT/hooks; exec setpriv --reuid {Uid} --regid {Uid} --clear-groups \"$@\"",
    };

    public static TheoryData<string> Names => [.. Refusals.Keys];

    [Fact]
    public void The_table_has_every_verb()
    {
        string[] verbs = [.. Verbs("")];

        Assert.Equal(verbs.Order(StringComparer.Ordinal), Calls.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_is_refused_every_verb_ends_with_a_documented_code_and_says_why(string refusal)
    {
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        var codes = new System.Collections.Concurrent.ConcurrentBag<int>();
        Parallel.ForEach(Calls.Where(call => call.Value is not null), new ParallelOptions { MaxDegreeOfParallelism = 2 }, call =>
        {
            using Sandbox host = Host();
            string[] words = [.. call.Key.Split(' '), .. Bare.Contains(call.Key) ? [] : (string[])["--config", host.Config], .. call.Value!];
            Ended ended = Agent.Call(new StartAs { Wrapper = ["/bin/sh", "-c", $"ROOT={host.Root}; {Refusals[refusal]}", "sh"] }, words);
            codes.Add(ended.Code);
            if (!Documented.Contains(ended.Code) && !(call.Key == "upgrade pending" && ended.Code == 126)) wrong.Add($"{call.Key}: exit code {ended.Code}: {ended.Error}");
            if (ended.Error.Contains("bug here", StringComparison.Ordinal) || ended.Error.Contains("Unhandled", StringComparison.Ordinal)) wrong.Add($"{call.Key}: {ended.Error}");
            bool mayBeMute = ended.Code == 0 || refusal.Contains("stderr", StringComparison.Ordinal);
            if (!mayBeMute && ended.Error.Trim().Length == 0) wrong.Add($"{call.Key}: exit code {ended.Code} without a line");
        });

        output.WriteLine($"{refusal}: {string.Join(", ", codes.GroupBy(c => c).OrderBy(g => g.Key).Select(g => $"{g.Count()} with {g.Key}"))}");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order(StringComparer.Ordinal)));
    }

    /// <summary>The verbs that the help of <paramref name="of"/> names, and those below them.</summary>
    private static IEnumerable<string> Verbs(string of)
    {
        string help = Agent.Call([.. of.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Expect(0).Output;
        int start = help.IndexOf("Commands:\n", StringComparison.Ordinal);
        if (start < 0) yield break;
        foreach (Match match in Verb().Matches(help[start..]))
        {
            string verb = $"{of} {match.Groups[1].Value}".Trim();
            yield return verb;
            foreach (string below in Verbs(verb)) yield return below;
        }
    }

    /// <summary>A host with a run that is open, a ready hook, and an upgrade script.</summary>
    private static Sandbox Host()
    {
        Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 3");
        host.Set("scripts", "hooks", host.Root + "/hooks").Set("upgrade", "directory", host.Root + "/upgrades");
        foreach (string directory in new[] { "hooks", "hooks/sample", "hooks/sample/update.d", "upgrades", "upgrades/upgrade" }) Sandbox.MakeDirectory($"{host.Root}/{directory}");
        foreach (string script in new[] { "hooks/sample/update.d/50-x", "upgrades/upgrade/0010_x" })
        {
            File.WriteAllText($"{host.Root}/{script}", "#!/bin/sh\n");
            File.SetUnixFileMode($"{host.Root}/{script}", Sandbox.Executable);
        }

        Agent.Run(host, "run").Expect(1);
        return host;
    }

    [GeneratedRegex(@"^  ([a-z][a-z-]*)", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
