using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class HostScriptsTests : IDisposable
{
    private readonly TrustedDirectory _directory = new();
    private readonly List<string> _lines = [];
    private readonly List<string> _log = [];

    public void Dispose() => _directory.Dispose();

    private ScriptListener Listener => new()
    {
        Output = (phase, script, line) => _lines.Add($"{phase.Name()} {script.Name}: {line}"),
        Log = (level, message) => _log.Add($"{level} {message}"),
    };

    private static ScriptResult Run(HostScripts scripts, Script script, ScriptContext? context = null)
    {
        Task<ScriptResult> running = scripts.Run(script, context ?? TrustedDirectory.Context, CancellationToken.None).AsTask();
        Assert.True(running.IsCompleted);
        return running.GetAwaiter().GetResult();
    }

    private Script Only(HostScripts scripts, ScriptStage stage = ScriptStage.PreUpdate)
    {
        ScriptSet set = scripts.Find(stage);
        Assert.Empty(set.Refused);
        return Assert.Single(set.Scripts);
    }

    [Fact]
    public void A_script_is_told_of_the_run_and_of_nothing_else()
    {
        _directory.Write("pre_update.d/env", "#!/bin/cat /proc/self/environ\n");
        HostScripts scripts = _directory.Scripts(Listener);

        Run(scripts, Only(scripts));

        ScriptContext context = TrustedDirectory.Context;
        string[] variables = _lines[0]["pre_update env: ".Length..].Split("\\x00")[..^1];
        Assert.Equal(
            [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8",
                "PYTHONDONTWRITEBYTECODE=1", "DLM_UPDATER_PHASE=pre_update", "DLM_UPDATER_LOCK_NAME=web", "DLM_UPDATER_LOCK_SERVICE=file",
                $"DLM_UPDATER_RUN_ID={context.RunId}", "DLM_UPDATER_ATTEMPT=3", $"DLM_UPDATER_STATE_DIR={_directory.Root}/state",
                "DLM_UPDATER_SCRIPT=env", "DLM_ENGINE_UPDATER_PHASE=pre_update", "DLM_ENGINE_UPDATER_LOCK_NAME=web",
            ],
            variables);
    }

    [Fact]
    public void A_script_of_another_user_has_the_users_home_and_name()
    {
        _directory.Write("pre_update.d/a", "#!/bin/sh\n# dlm: user=daemon\nid -un; echo $HOME $USER $LOGNAME\n");
        HostScripts scripts = _directory.Scripts(Listener);

        Assert.True(Run(scripts, Only(scripts)).Succeeded);

        Assert.Equal(["pre_update a: daemon", "pre_update a: /usr/sbin daemon daemon"], _lines);
    }

    [Fact]
    public void Arguments_are_passed_on()
    {
        _directory.Shell("pre_update.d/a", "echo \"$#:$1:$2\"");
        HostScripts scripts = _directory.Scripts(Listener);

        Run(scripts, Only(scripts), TrustedDirectory.Context with { Arguments = ["two words", ""] });

        Assert.Equal(["pre_update a: 2:two words:"], _lines);
    }

    [Fact]
    public void The_note_stands_while_the_script_runs_and_is_gone_afterwards()
    {
        string note = _directory.Root + "/run/running";
        _directory.Shell("pre_update.d/a", $"sleep 0.05; cat {note}; echo; echo $$; cut -d' ' -f22 /proc/$$/stat");
        HostScripts scripts = _directory.Scripts(Listener);

        Run(scripts, Only(scripts));

        string[] said = _lines.Select(l => l["pre_update a: ".Length..]).ToArray();
        Assert.Contains($"\"run_id\":\"{TrustedDirectory.Context.RunId}\",\"phase\":\"pre_update\",\"script\":\"a\",\"boot_id\":\"this-boot\"", said[0], StringComparison.Ordinal);
        Assert.Matches($"\"limit_ms\":14400000,\"stage\":\"pre_update\",\"pid\":{said[1]},\"start_ticks\":{said[2]},\"check\":\"[0-9a-f]{{8}}\"}} *$", said[0]);
        Assert.Equal("", File.ReadAllText(note).Trim());
        scripts.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Root + "/run"));
    }

    [Fact]
    public void Without_a_note_nothing_is_started()
    {
        _directory.Shell("pre_update.d/a", "exit 0");
        Directory.Delete(_directory.Root + "/run");
        File.WriteAllText(_directory.Root + "/run", "");
        HostScripts scripts = _directory.Scripts(Listener);

        Assert.Contains($"cannot write {_directory.Root}/run/running",
            Assert.IsType<ScriptResult.NotWritable>(Run(scripts, Only(scripts))).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_marker_post_update_runs_all_the_same()
    {
        _directory.Shell("post_update.d/a", "echo back");
        _directory.Shell("post_update.d/b", "echo healthy");
        Directory.Delete(_directory.Root + "/run");
        File.WriteAllText(_directory.Root + "/run", "");
        HostScripts scripts = _directory.Scripts(Listener);

        foreach (Script script in scripts.Find(ScriptStage.PostUpdate).Scripts)
            Assert.True(Run(scripts, script, TrustedDirectory.Context with { Phase = Phase.PostUpdate }).Succeeded);

        Assert.Equal(["post_update a: back", "post_update b: healthy"], _lines);
        Assert.Contains("post_update runs without the running marker", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_second_signal_the_marker_stays_and_nothing_is_started()
    {
        string flag = _directory.Root + "/flag";
        _directory.Shell("update.d/a", $"trap '' TERM; echo ready; while [ ! -e {flag} ]; do sleep 0.01; done");
        _directory.Shell("update.d/b", "echo started");
        using CancellationTokenSource cancel = new(), atOnce = new();
        using var scripts = new HostScripts(_directory.Settings, _directory.Paths, TrustedDirectory.Boot, TimeProvider.System, new()
        {
            Output = (_, script, line) =>
            {
                _lines.Add(script.Name + " " + line);
                cancel.Cancel();
            },
            Waiting = what =>
            {
                if (what is not null)
                    atOnce.Cancel();
            },
            Log = (_, message) => _log.Add(message),
        }, atOnce: atOnce.Token);
        IReadOnlyList<Script> found = scripts.Find(ScriptStage.Update).Scripts;
        ScriptContext context = TrustedDirectory.Context with { Phase = Phase.Update };

        Assert.True((await scripts.Run(found[0], context, cancel.Token)).StillRuns);
        Assert.IsType<ScriptResult.NotStarted>(await scripts.Run(found[1], context, CancellationToken.None));
        scripts.Dispose();

        RunNote note = Assert.IsType<StoredNote.Found>(new RunNoteFile(_directory.Root + "/run").Open()).Note;
        Assert.True(note is { IsAsked: true, Script: "a", Stage: "update", Pid: > 0 });
        Assert.Contains(_log, l => l.StartsWith("update/a was asked to stop; waiting for pid ", StringComparison.Ordinal));
        Assert.Equal(["a ready"], _lines);
        File.WriteAllText(flag, "");
        using HostScripts next = _directory.Scripts();
        Assert.True(await next.AwaitOutlived(context.RunId, CancellationToken.None));
        Assert.False(ProcessTable.Read(note.Pid) is { Runs: true });
        _ = new ChildExit(note.Pid, true).Reap();
    }

    [Fact]
    public void The_run_directory_is_made_where_it_is_missing()
    {
        _directory.Shell("pre_update.d/a", "exit 0");
        Directory.Delete(_directory.Root + "/run");
        HostScripts scripts = _directory.Scripts(Listener);

        Assert.True(Run(scripts, Only(scripts)).Succeeded);
    }

    [Fact]
    public void Progress_names_phase_and_script()
    {
        var ticks = new List<string>();
        _directory.Shell("pre_update.d/a", "sleep 0.1");
        HostScripts scripts = _directory.Scripts(
            new() { Tick = (phase, script, elapsed) => ticks.Add($"{phase} {script.Name} {elapsed > TimeSpan.Zero}") },
            limits: new() { Tick = TimeSpan.FromMilliseconds(20) });

        Run(scripts, Only(scripts));

        Assert.All(ticks, t => Assert.Equal("PreUpdate a True", t));
        Assert.NotEmpty(ticks);
    }

    [Theory]
    [InlineData(ScriptStage.PreUpdate, "timeout=1s")]
    [InlineData(ScriptStage.Update, "timeout=1s")]
    public void The_timeout_of_the_header_is_kept(ScriptStage stage, string header)
    {
        _directory.Write($"{stage.DirectoryName()}/a", $"#!/bin/sh\n# dlm: {header}\nexec sleep 60\n");
        HostScripts scripts = _directory.Scripts(Listener);

        Assert.Equal(TimeSpan.FromSeconds(1), Assert.IsType<ScriptResult.TimedOut>(Run(scripts, Only(scripts, stage))).Limit);
    }

    [Fact]
    public void Once_is_once_and_a_changed_script_is_told()
    {
        string path = _directory.Write("pre_update.d/a", "#!/bin/sh\n# dlm: run=once\n");
        HostScripts scripts = _directory.Scripts(Listener);
        Script script = Only(scripts);

        Assert.False(scripts.IsDoneForEver(script));
        Assert.Null(scripts.RecordDoneForEver(script, "run-1"));
        Assert.True(_directory.Scripts(Listener).IsDoneForEver(script));
        Assert.Empty(_log);

        _directory.Write(path, "#!/bin/sh\n# dlm: run=once\necho new\n");
        Assert.True(scripts.IsDoneForEver(script));
        Assert.Contains("its content has changed since", Assert.Single(_log), StringComparison.Ordinal);

        Assert.False(scripts.IsDoneForEver(script with { Stage = ScriptStage.PostUpdate }));
        Assert.False(scripts.IsDoneForEver(script with { Name = "b" }));
        Assert.False(scripts.IsDoneForEver(script with { Header = ScriptHeader.None }));
    }

    [Fact]
    public void A_record_that_cannot_be_read_refuses_once_scripts_before_the_lock()
    {
        _directory.Write("pre_update.d/a", "#!/bin/sh\n# dlm: run=once\n");
        Directory.CreateDirectory(_directory.Root + "/state/upgrade-history");

        Assert.Contains("upgrade-history is a directory, not a file", Assert.Single(_directory.Scripts().Find(ScriptStage.PreUpdate).Refused).Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_looked_up_in_the_fixed_path()
    {
        HostScripts scripts = _directory.Scripts(Listener);

        ScriptResult found = await scripts.RunCommand(["sh", "-c", "echo $DLM_UPDATER_SCRIPT $0 $1; exit 3", "x", "y"], TrustedDirectory.Context, null, CancellationToken.None);
        ScriptResult absolute = await scripts.RunCommand(["/bin/true"], TrustedDirectory.Context, null, CancellationToken.None);
        ScriptResult missing = await scripts.RunCommand(["no-such-command"], TrustedDirectory.Context, null, CancellationToken.None);
        ScriptResult empty = await scripts.RunCommand([], TrustedDirectory.Context, null, CancellationToken.None);
        ScriptResult late = await scripts.RunCommand(["sleep", "60"], TrustedDirectory.Context, TimeSpan.FromMilliseconds(50), CancellationToken.None);

        Assert.Equal(3, Assert.IsType<ScriptResult.Exited>(found).Code);
        Assert.Equal(["pre_update sh: sh x y"], _lines);
        Assert.True(absolute.Succeeded);
        Assert.StartsWith("no-such-command is not in PATH", Assert.IsType<ScriptResult.NotStarted>(missing).Why, StringComparison.Ordinal);
        Assert.IsType<ScriptResult.NotStarted>(empty);
        Assert.IsType<ScriptResult.TimedOut>(late);
    }
}
