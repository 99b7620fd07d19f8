using System.CommandLine;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater hooks</c>: the ready scripts of the package, and which of them run on this host.</summary>
internal static class HooksVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        config.Recursive = true;
        var command = new Command("hooks", "Show, link and unlink the ready scripts for package managers, health checks and monitoring") { config };
        command.Subcommands.Add(List(config));
        command.Subcommands.Add(Show(config));
        command.Subcommands.Add(Change(config, "enable", "Link every script of a hook into the directory of its phase, and show what the phase runs then", ReadyHooks.Enable));
        command.Subcommands.Add(Change(config, "disable", "Remove the links to a hook's scripts, and nothing else", ReadyHooks.Disable));
        return command;
    }

    private static Command List(Option<string> config)
    {
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("list", "Show every ready hook and whether it is on") { output };
        command.SetAction(parsed =>
        {
            if (Settings(parsed.GetValue(config)!, Unsound.Show) is not { } settings) return Ending.Misconfigured.Code();
            var hooks = new ReadyHooks(settings.Scripts);
            if (hooks.Names(out string why) is not { } names) return Setup.Fail(Ending.NotWritable, why);
            var all = new List<ReadyHook>();
            foreach (string name in names)
            {
                if (hooks.Find(name, out why) is { } hook) all.Add(hook);
                else if (why.Length > 0) return Setup.Fail(Ending.NotWritable, why);
            }

            if (all.Count == 0) return Setup.Fail(Ending.Misconfigured, $"{settings.Scripts.Hooks} holds no hooks: the package puts them there ([scripts] hooks names another place)");
            if (parsed.GetValue(output) == OutputFormat.Json)
            {
                return Report.Json(json =>
                {
                    json.WriteStartArray("hooks");
                    foreach (ReadyHook hook in all)
                    {
                        json.WriteStartObject();
                        Write(json, hook);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
            }

            int width = all.Max(h => h.Name.Length);
            var text = new ShownText();
            foreach (ReadyHook h in all) text.Append($"{h.State,-6}  {h.Name.PadRight(width)}  {string.Join(", ", h.Scripts.Select(s => s.Stage.Name()).Distinct())}\n");
            return Report.Text(text);
        });
        return command;
    }

    private static Command Show(Option<string> config)
    {
        Option<OutputFormat> output = CommonOptions.Output();
        Argument<string> name = Name();
        var command = new Command("show", "Show the scripts of a hook, what each does, and whether it is linked") { output, name };
        command.SetAction(parsed =>
        {
            if (Settings(parsed.GetValue(config)!, Unsound.Show) is not { } settings) return Ending.Misconfigured.Code();
            if (new ReadyHooks(settings.Scripts).Find(parsed.GetValue(name)!, out string why) is not { } hook) return Unknown(settings, parsed.GetValue(name)!, why);
            return parsed.GetValue(output) == OutputFormat.Json ? Report.Json(json => Write(json, hook)) : Report.Text(Text(hook));
        });
        return command;
    }

    private static Command Change(Option<string> config, string word, string description, Func<ReadyHook, string?> change)
    {
        Argument<string> name = Name();
        var command = new Command(word, description) { name };
        command.SetAction(parsed =>
        {
            if (Settings(parsed.GetValue(config)!, Unsound.Refuse) is not { } settings) return Ending.Misconfigured.Code();
            var hooks = new ReadyHooks(settings.Scripts);
            if (hooks.Find(parsed.GetValue(name)!, out string why) is not { } hook) return Unknown(settings, parsed.GetValue(name)!, why);
            if (change(hook) is { } failed) return Setup.Fail(Ending.NotWritable, failed);
            return hooks.Find(hook.Name, out why) is { } changed ? Report.Text(Text(changed).Append(Phases(settings, hook))) : Unknown(settings, hook.Name, why);
        });
        return command;
    }

    /// <summary>What the phases of the hook run now, as <c>plan</c> has it.</summary>
    private static ShownText Phases(UpdaterSettings settings, ReadyHook hook)
    {
        var text = new ShownText();
        var directories = new ScriptDirectory(settings.Scripts, UserAccount.Find);
        foreach (ScriptStage stage in hook.Scripts.Select(s => s.Stage).Distinct())
        {
            ScriptSet set = directories.Find(stage);
            text.Append($"\n{stage.DirectoryName()} runs: {(set.Scripts.Count == 0 ? "nothing" : string.Join(", ", set.Scripts.Select(s => s.Name)))}\n");
            foreach (Refusal refusal in set.Refused) text.Append($"  REFUSED  {refusal.Path}: {string.Join("; ", refusal.Reasons)}\n");
            foreach (string skipped in set.Skipped) text.Append($"  skipped  {skipped}\n");
            if (set.Unusable is { } unusable) text.Append($"  MISSING  {unusable}\n");
        }

        return text;
    }

    private static ShownText Text(ReadyHook hook)
    {
        var text = new ShownText();
        foreach (HookScript script in hook.Scripts) text.Append($"{Word(script.Standing),-5}  {script.Link}\n       {script.Description}\n");
        return text;
    }

    private static void Write(Utf8JsonWriter json, ReadyHook hook)
    {
        json.WriteString("name", hook.Name);
        json.WriteString("state", hook.State);
        json.WriteStartArray("scripts");
        foreach (HookScript script in hook.Scripts)
        {
            json.WriteStartObject();
            json.WriteString("phase", script.Stage.Name());
            json.WriteString("path", script.Path);
            json.WriteString("link", script.Link);
            json.WriteString("standing", Word(script.Standing));
            json.WriteString("description", script.Description);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Word(HookStanding standing) => standing switch
    {
        HookStanding.On => "on",
        HookStanding.Taken => "taken",
        _ => "off",
    };

    private static Argument<string> Name() => new("NAME") { Description = "The hook's name, as 'dlm-updater hooks list' shows it" };

    private static UpdaterSettings? Settings(string config, Unsound unsound) => Setup.LoadWithoutLock(config, unsound)?.Settings;

    private static int Unknown(UpdaterSettings settings, string name, string why) => why.Length > 0
        ? Setup.Fail(Ending.NotWritable, why)
        : Setup.Fail(Ending.Misconfigured, $"there is no hook {name} in {settings.Scripts.Hooks}: 'dlm-updater hooks list' shows them");
}
